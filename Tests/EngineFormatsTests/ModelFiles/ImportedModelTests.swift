import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// What a published folder says of itself, more than once or not at all.
@Suite struct ImportedModelTests {
    /// A folder of a model whose files `change` has changed, as it is after the import.
    private func imported(
        _ family: ModelFamily = .qwen2, _ change: (TemporaryFolder) throws -> Void
    ) throws -> TemporaryFolder {
        let source = try SmallModel.folder(try SmallModel.model(family))
        try change(source)
        let folder = TemporaryFolder()
        try folder.model.importModel(from: source.model)
        return folder
    }

    private func change(_ folder: TemporaryFolder, _ file: String, _ changes: [String: JSON?]) throws {
        var members = try folder.json(file).object ?? [:]
        for (name, value) in changes { members[name] = value }
        try folder.write(.object(members), to: file)
    }

    // MARK: Where an answer ends

    /// Never with ids of Decant's own.
    @Test func theTokenizersEndIsTakenWhereNoConfigurationNamesOne() throws {
        for (file, value) in [
            ("tokenizer_config.json", JSON.string("<|tools|>")), ("special_tokens_map.json", ["content": "<|tools|>"]),
        ] {
            let folder = try imported { source in
                try change(source, "config.json", ["eos_token_id": nil, "pad_token_id": nil, "bos_token_id": nil])
                try FileManager.default.removeItem(at: source.file("generation_config.json"))
                try change(source, "tokenizer_config.json", ["eos_token": nil])
                if file == "special_tokens_map.json" { try source.write("{}", to: file) }
                try change(source, file, ["eos_token": value])
            }
            let id = try #require(try folder.model.tokenizer().id(of: "<|tools|>"))
            #expect(id != 4)
            #expect(try folder.json("generation_config.json") == ["do_sample": false, "eos_token_id": .integer(Int64(id))])
            #expect(try folder.json("config.json")["eos_token_id"] == .integer(Int64(id)))
        }
    }

    @Test func aGenerationConfigurationWithoutAnEndGetsTheModels() throws {
        let folder = try imported { source in
            try change(source, "config.json", ["eos_token_id": [7, 9]])
            try source.write(["temperature": 0.5], to: "generation_config.json")
        }
        #expect(try folder.json("generation_config.json") == ["temperature": 0.5, "eos_token_id": [7, 9]])
    }

    @Test func aModelWithoutAnEndOrWithOneThatItCannotWriteIsRefused() throws {
        let none = #expect(throws: ModelFileError.self) {
            try imported { source in
                try change(source, "config.json", ["eos_token_id": nil])
                try source.write([:], to: "generation_config.json")
                try change(source, "tokenizer_config.json", ["eos_token": nil])
            }
        }
        #expect(none?.reason.contains("nobody knows where an answer ends") == true)
        let foreign = #expect(throws: ModelFileError.self) {
            try imported { try $0.write(["eos_token_id": [4, 300]], to: "generation_config.json") }
        }
        #expect(foreign?.file == "generation_config.json" && foreign?.reason.contains("token 300") == true)
    }

    @Test func aGGUFFileWithoutAnEndIsRefused() throws {
        let source = try SmallModel.folder(try SmallModel.model(.qwen2))
        try change(source, "tokenizer_config.json", ["eos_token": nil])
        try change(source, "config.json", ["eos_token_id": nil])
        try source.model.writeGGUF(to: source.file("model.gguf"), .f16, name: "small")
        let folder = TemporaryFolder()
        let error = #expect(throws: ModelFileError.self) {
            try folder.model.importModel(from: GGUFFile(reading: source.file("model.gguf")))
        }
        #expect(error?.reason.contains("eos_token_id") == true)
    }

    // MARK: A head that is not the embedding

    @Test func aStoredHeadCountsAsInTransformers() throws {
        for isOther in [false, true] {
            let folder = try imported { source in
                let weights = source.file("model.safetensors")
                var tensors = try SafeTensors(reading: weights).allTensors()
                var head = try #require(tensors["model.embed_tokens.weight"]?.floats())
                if isOther { head[5] += 1 }
                tensors["lm_head.weight"] = StoredTensor(head, shape: [300, 64])
                try SafeTensors.write(tensors, to: weights)
            }
            let model = try folder.model.model()
            #expect(model.configuration.tiesEmbeddings == !isOther)
            #expect((model.parameter(named: "lm_head.weight") != nil) == isOther)
        }
    }

    // MARK: Files that are not what their names say

    @Test func weightsBesideAnIndexOfOthersAreRefused() throws {
        let error = #expect(throws: ModelFileError.self) {
            try imported { source in
                let shard = source.file("model-00001-of-00001.safetensors")
                try FileManager.default.copyItem(at: source.file("model.safetensors"), to: shard)
                let names = try SafeTensors(reading: shard).names
                let map = Dictionary(uniqueKeysWithValues: names.map { ($0, JSON.string(shard.lastPathComponent)) })
                try source.write(["weight_map": .object(map)], to: "model.safetensors.index.json")
            }
        }
        #expect(error?.reason.contains("lies beside model.safetensors.index.json") == true)
    }

    @Test func shardsWithoutTheirIndexAreNamed() throws {
        let error = #expect(throws: ModelFileError.self) {
            try imported { source in
                try FileManager.default.moveItem(
                    at: source.file("model.safetensors"), to: source.file("model-00001-of-00002.safetensors"))
            }
        }
        #expect(error?.file == "model.safetensors.index.json" && error?.reason.contains("model-00001-of-00002") == true)
    }

    @Test(arguments: [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n", "Git LFS pointer"),
        ("<!DOCTYPE html><html><body>Not found</body></html>", "web page"), ("\n<html>", "web page"),
    ])
    func whatStandsForAFileIsCalledByItsName(content: String, word: String) throws {
        for file in ["model.safetensors", "config.json", "tokenizer.json"] {
            let error = #expect(throws: ModelFileError.self) { try imported { try $0.write(content, to: file) } }
            #expect(error?.file == file && error?.reason.contains(word) == true)
        }
        let error = #expect(throws: ModelFileError.self) { try GGUFFile(parsing: Data(content.utf8)) }
        #expect(error?.reason.contains(word) == true)
    }

    @Test func aTypeThatIsNotReadIsNoDamage() throws {
        let header = #"{"w":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,4]}}"#
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
        let error = #expect(throws: ModelFileError.self) {
            try SafeTensors(parsing: length + Data(header.utf8) + Data(count: 4))
        }
        #expect(error?.reason == "tensor 'w' is stored as F8_E5M2, which cannot be read")
    }

    @Test func aByteOrderMarkIsNamed() throws {
        let error = #expect(throws: ModelFileError.self) {
            try imported { source in
                let content = try Data(contentsOf: source.file("config.json"))
                try source.write(Data([0xEF, 0xBB, 0xBF]) + content, to: "config.json")
            }
        }
        #expect(error?.reason.contains("byte order mark") == true)
    }
}
