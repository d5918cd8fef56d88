import Foundation
import Testing

@testable import Engine

/// What a mapped file needs: that nobody writes over it, and that memory given back is read anew.
@Suite struct SafeTensorsFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "decant-safetensors-\(UUID().uuidString)")
    private var file: URL { folder.appending(path: "model.safetensors") }

    private func inFolder(_ body: () throws -> Void) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body()
    }

    private static func tensors(_ value: Float) -> [String: StoredTensor] {
        // Wider than several pages, and none begins at one.
        ["a": StoredTensor([Float](repeating: value, count: 5001), shape: [5001]), "b": StoredTensor([value], shape: [1])]
    }

    @Test func tensorsOutliveTheFileThatTheyCameFrom() throws {
        try inFolder {
            try SafeTensors.write(Self.tensors(1), to: file)
            let before = try SafeTensors(reading: file).allTensors()
            try SafeTensors.write(["a": StoredTensor([Float(2)], shape: [1])], to: file)
            #expect(before == Self.tensors(1))
            #expect(try SafeTensors(reading: file).allTensors() == ["a": StoredTensor([Float(2)], shape: [1])])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.safetensors"])
        }
    }

    @Test func memoryThatWasGivenBackIsReadAnew() throws {
        try inFolder {
            try SafeTensors.write(Self.tensors(3), to: file)
            let tensors = try SafeTensors(reading: file)
            for _ in 0..<2 {
                for (name, count) in [("a", 5001), ("b", 1)] {
                    var floats = [Float](repeating: 0, count: count)
                    try floats.withUnsafeMutableBufferPointer { try tensors.copyFloats(name, into: $0) }
                    #expect(floats == [Float](repeating: 3, count: count))
                }
            }
        }
    }

    @Test func aWriteThatFailsLeavesTheOldFile() throws {
        try inFolder {
            try SafeTensors.write(Self.tensors(1), to: file)
            struct Stop: Error {}
            #expect(throws: Stop.self) {
                try SafeTensors.write([("a", .float32, [1])], to: file) { _ in throw Stop() }
            }
            #expect(try SafeTensors(reading: file).allTensors() == Self.tensors(1))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.safetensors"])
        }
    }

    @Test func whatIsNoFileIsSaid() throws {
        try inFolder {
            for url in [folder, file] {
                #expect { try SafeTensors(reading: url) } throws: { "\($0)".contains("cannot be read") }
            }
            try Data().write(to: file)
            #expect { try SafeTensors(reading: file) } throws: { "\($0)".contains("ends within the header's length") }
        }
    }
}
