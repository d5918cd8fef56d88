import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// Models in one file or in several, in all three float types.
@Suite struct WeightFilesTests {
    /// The weights of a model as a type that the library publishes them in.
    private static func tensors(_ model: Model, _ type: ElementType) -> [String: StoredTensor] {
        Dictionary(
            uniqueKeysWithValues: model.parameters.map { parameter in
                let bytes = model.weights(of: parameter).flatMap { weight -> [UInt8] in
                    switch type {
                    case .float16: withUnsafeBytes(of: HalfPrecision.float16(from: weight)) { Array($0) }
                    case .bfloat16: withUnsafeBytes(of: UInt16(weight.bitPattern >> 16)) { Array($0) }
                    default: withUnsafeBytes(of: weight) { Array($0) }
                    }
                }
                return (parameter.name, StoredTensor(elementType: type, shape: parameter.shape, bytes: bytes))
            })
    }

    /// Writes tensors into two shards with their index.
    private static func shard(_ tensors: [String: StoredTensor], in folder: TemporaryFolder) throws {
        var shards: [String: [String: StoredTensor]] = [:]
        var map: [String: JSON] = [:]
        for (place, name) in tensors.keys.sorted().enumerated() {
            let file = "model-0000\(place % 2 + 1)-of-00002.safetensors"
            shards[file, default: [:]][name] = tensors[name]
            map[name] = .string(file)
        }
        for (file, tensors) in shards { try SafeTensors.write(tensors, to: folder.file(file)) }
        try folder.write(["metadata": [:], "weight_map": .object(map)], to: "model.safetensors.index.json")
        try? FileManager.default.removeItem(at: folder.file("model.safetensors"))
    }

    @Test(arguments: [ElementType.float32, .float16, .bfloat16], [false, true])
    func everyFloatTypeIsRead(type: ElementType, isSharded: Bool) throws {
        let model = try SmallModel.model(.qwen2, tied: false)
        let folder = try SmallModel.folder(model)
        let tensors = Self.tensors(model, type)
        if isSharded {
            try Self.shard(tensors, in: folder)
        } else {
            try SafeTensors.write(tensors, to: folder.file("model.safetensors"))
        }
        let read = try folder.model.model()
        for parameter in model.parameters {
            #expect(Array(read.weights(of: parameter)) == tensors[parameter.name]?.floats(), "\(parameter.name)")
        }
        #expect(try folder.model.inferenceModel().model.values == read.values)
    }

    @Test func aModelIsWrittenAsAllItsTensorsWouldBe() throws {
        let model = try SmallModel.model(.llama, tied: false, headDimension: 24, scaling: SmallModel.llama3Scaling())
        let folder = try SmallModel.folder(model)
        #expect(try Data(contentsOf: folder.file("model.safetensors")) == SafeTensors.serialize(Self.tensors(model, .float32)))
        let read = try folder.model.model()
        #expect(read.values == model.values && read.configuration == model.configuration)
    }

    @Test func aTiedHeadMayBeThereOrNot() throws {
        let model = try SmallModel.model(.llama)
        let folder = try SmallModel.folder(model)
        var tensors = Self.tensors(model, .float32)
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = StoredTensor([Float](repeating: 1, count: 8), shape: [8])
        try SafeTensors.write(tensors, to: folder.file("model.safetensors"))
        #expect(try folder.model.model().values == model.values)
        // One that is not tied has to be there.
        var members = try folder.json("config.json").object ?? [:]
        members["tie_word_embeddings"] = false
        tensors["lm_head.weight"] = nil
        try SafeTensors.write(tensors, to: folder.file("model.safetensors"))
        try folder.write(.object(members), to: "config.json")
        #expect(throws: ModelFileError(file: "model.safetensors", reason: "there is no tensor 'lm_head.weight'")) {
            try folder.model.model()
        }
    }

    @Test func aTensorThatTheModelHasNoUseForIsNamed() throws {
        let model = try SmallModel.model(.llama)
        let folder = try SmallModel.folder(model)
        var tensors = Self.tensors(model, .float32)
        tensors["model.layers.0.self_attn.q_norm.weight"] = StoredTensor([Float](repeating: 1, count: 16), shape: [16])
        try SafeTensors.write(tensors, to: folder.file("model.safetensors"))
        let error = #expect(throws: ModelFileError.self) { try folder.model.model() }
        #expect(error?.reason.contains("'model.layers.0.self_attn.q_norm.weight'") == true)
    }

    @Test func indexAndShardsMustAgree() throws {
        let model = try SmallModel.model(.llama)
        let folder = try SmallModel.folder(model)
        let tensors = Self.tensors(model, .float32)
        try Self.shard(tensors, in: folder)
        let index = try folder.json("model.safetensors.index.json")
        let map = try #require(index["weight_map"]?.object)
        func refusal(_ change: (inout [String: JSON]) -> Void) throws -> ModelFileError? {
            var changed = map
            change(&changed)
            try folder.write(["weight_map": .object(changed)], to: "model.safetensors.index.json")
            return #expect(throws: ModelFileError.self) { try folder.model.model() }
        }
        let norm = "model.norm.weight"
        #expect(try refusal { $0[norm] = nil }?.reason.contains("'\(norm)', which model.safetensors.index.json") == true)
        #expect(try refusal { $0["extra"] = $0[norm] }?.reason.contains("'extra' is in model-0000") == true)
        #expect(try refusal { $0[norm] = 3 }?.reason == "the file of '\(norm)' is not a name")
        #expect(try refusal { $0[norm] = "model-00003-of-00002.safetensors" }?.file == "model-00003-of-00002.safetensors")
        for outside in ["../model.safetensors", "/etc/x.safetensors", ".x.safetensors", "a\\b.safetensors", "weights.bin", ""] {
            #expect(try refusal { $0[norm] = .string(outside) }?.reason.contains("is not the plain name") == true)
        }
        for text in ["{", "[]", #"{"weight_map":{}}"#, String(repeating: "[", count: 100)] {
            try Data(text.utf8).write(to: folder.file("model.safetensors.index.json"))
            let error = #expect(throws: ModelFileError.self) { try folder.model.model() }
            #expect(error?.file == "model.safetensors.index.json")
        }
    }

    @Test func nothingIsAllocatedForAShapeThatTheFilesCannotHold() throws {
        let folder = try SmallModel.folder(try SmallModel.model(.llama))
        let members = try folder.json("config.json").object ?? [:]
        for (field, value) in [("num_hidden_layers", 4096), ("vocab_size", 1 << 22), ("intermediate_size", 1 << 20)] {
            var changed = members
            changed[field] = .integer(Int64(value))
            try folder.write(.object(changed), to: "config.json")
            #expect(throws: ModelFileError.self) { try folder.model.model() }
        }
    }
}
