import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// Models in several GGUF files.
@Suite struct GGUFPartsTests {
    /// Divides a model's file as `llama-gguf-split` does: the metadata in the first part, the tensors in turn.
    ///
    /// - Parameter change: what a part's metadata say beside: its number from 0, the header.
    private static func split(
        _ folder: TemporaryFolder, into count: Int, change: (Int, inout GGUFHeader) -> Void = statedBy(3)
    ) throws -> [String] {
        try folder.model.writeGGUF(to: folder.file("whole.gguf"), .f32, name: "small")
        let whole = try GGUFFile(reading: folder.file("whole.gguf"))
        let names = (0..<count).map { "small-0000\($0 + 1)-of-0000\(count).gguf" }
        for (part, name) in names.enumerated() {
            var header = GGUFHeader()
            if part == 0 {
                // What the reader of a model needs.
                for (key, value) in whole.metadata.sorted(by: { $0.key < $1.key }) { header.add(key, value) }
            }
            change(part, &header)
            let own = whole.names.enumerated().filter { $0.offset % count == part }.map(\.element)
            for tensor in own { header.add(tensor: tensor, .f32, shape: try #require(whole.tensors[tensor]?.shape)) }
            var content = Data(header.bytes)
            for tensor in own {
                let bytes = whole.floats(try #require(whole.tensors[tensor])).withUnsafeBytes(Array.init)
                content += bytes + GGUFHeader.padding(after: bytes.count)
            }
            try content.write(to: folder.file(name))
        }
        return names
    }

    private static func statedBy(_ count: Int, tensors: Int? = nil) -> (Int, inout GGUFHeader) -> Void {
        { part, header in
            header.add("split.no", part)
            header.add("split.count", count)
            if let tensors { header.add("split.tensors.count", tensors) }
        }
    }

    @Test func theOtherPartsAreFoundBesideOne() throws {
        let model = try SmallModel.model(.llama)
        let folder = try SmallModel.folder(model)
        let count = model.parameters.count
        let names = try Self.split(folder, into: 3, change: Self.statedBy(3, tensors: count))
        for name in names {
            let read = try GGUFFile(reading: folder.file(name))
            #expect(read.tensors.count == count && read.file == names[0])
            let found = try read.model()
            for parameter in model.parameters {
                #expect(Array(found.weights(of: parameter)) == Array(model.weights(of: parameter)), "\(parameter.name)")
            }
        }
        let imported = TemporaryFolder()
        try imported.model.importModel(from: GGUFFile(reading: folder.file(names[0])))
        #expect(try imported.model.model().parameterCount == model.parameterCount)
    }

    @Test func missingAndContradictingPartsAreNamed() throws {
        func reason(
            _ change: @escaping (Int, inout GGUFHeader) -> Void, then: (TemporaryFolder, [String]) throws -> String
        ) throws -> String {
            let folder = try SmallModel.folder(try SmallModel.model(.llama))
            let names = try Self.split(folder, into: 3, change: change)
            let name = try then(folder, names)
            let error = #expect(throws: ModelFileError.self) { try GGUFFile(reading: folder.file(name)) }
            return error.map { "\($0)" } ?? ""
        }
        #expect(
            try reason(Self.statedBy(3)) { folder, names in
                try FileManager.default.removeItem(at: folder.file(names[1]))
                return names[2]
            }
                == "small-00003-of-00003.gguf: it is one of 3 parts of a model, and small-00002-of-00003.gguf is missing beside it"
        )
        #expect(
            try reason(Self.statedBy(3)) { folder, names in
                try FileManager.default.moveItem(at: folder.file(names[0]), to: folder.file("model.gguf"))
                return "model.gguf"
            }.contains("its name does not say which; name the parts NAME-00001-of-00003.gguf"))
        #expect(
            try reason(Self.statedBy(4)) { _, names in names[0] }.contains(
                "its name says that there are 3 parts, and its split.count is 4"))
        #expect(
            try reason(Self.statedBy(3, tensors: 5)) { _, names in names[0] }.contains(
                "it says that the parts hold 5 tensors, and they hold"))
        #expect(
            try reason(Self.statedBy(3)) { folder, names in
                try FileManager.default.removeItem(at: folder.file(names[1]))
                try FileManager.default.copyItem(at: folder.file(names[2]), to: folder.file(names[1]))
                return names[0]
            } == "small-00002-of-00003.gguf: its split.no is 2, and its name says part 2")
        #expect(
            try reason({ part, header in
                header.add("split.no", part)
                header.add("split.count", part == 1 ? 2 : 3)
            }) { _, names in names[0] } == "small-00002-of-00003.gguf: its split.count is 2, and there are 3 parts")
    }

    @Test func theFirstOfAModelsPartsStandsForIt() {
        let paths = [
            "b/x-00002-of-00002.gguf", "b/x-00001-of-00002.gguf", "a.gguf", "x.safetensors", "b/y-00001-of-00001.gguf",
        ]
        #expect(GGUFParts.models(among: paths) == ["a.gguf", "b/x-00001-of-00002.gguf", "b/y-00001-of-00001.gguf"])
        #expect(GGUFParts.Name("m-00002-of-00010.GGUF")?.number == 2 && GGUFParts.Name("m-00011-of-00010.gguf") == nil)
    }
}

extension GGUFHeader {
    /// A value as another file has it; arrays of texts, numbers and kinds.
    fileprivate mutating func add(_ key: String, _ value: GGUFValue) {
        switch value {
        case .integer(let number): add(key, Int(number))
        case .float32(let number): add(key, number)
        case .bool(let value): add(key, value)
        case .string(let text): add(key, text)
        case .array(let array):
            if let texts = array.strings() { add(key, texts) }
            if let numbers = array.integers() { add(key, numbers.map(Int32.init)) }
        case .large, .float64: break
        }
    }
}
