import Foundation
import Testing
import TestSupport

@testable import Engine

/// What a mapped file needs: that nobody writes over it, and that memory given back is read anew.
@Suite struct SafeTensorsFileTests {
    private let temporary = TemporaryFolder()
    private var folder: URL { temporary.url }
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

    /// What this process holds of the file, in KiB.
    private func resident() throws -> Int {
        var (isOfFile, sum) = (false, 0)
        // Its size is said to be 0, so that it has to be read to its end.
        let maps = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps")).readToEnd() ?? Data()
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first?.hasSuffix(":") == false { isOfFile = line.hasSuffix(file.path) }
            if isOfFile, words.first == "Rss:", let size = words.dropFirst().first.flatMap({ Int($0) }) { sum += size }
        }
        return sum
    }

    @Test func whatWasReadIsGivenBack() throws {
        try inFolder {
            let count = 1 << 20
            try SafeTensors.write(["a": StoredTensor([Float](repeating: 1, count: count), shape: [count])], to: file)
            let tensors = try SafeTensors(reading: file)
            #expect(try tensors.tensor("a").floats()?.count == count)
            #expect(try resident() >= 4096, "all of it was read")
            var floats = [Float](repeating: 0, count: count)
            try floats.withUnsafeMutableBufferPointer { try tensors.copyFloats("a", into: $0) }
            #expect(try resident() < 256)
            #expect(try tensors.tensor("a").floats() == floats)
            #expect(try tensors.copyBytes("a").count == 4 * count)
            #expect(try resident() < 256)
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
