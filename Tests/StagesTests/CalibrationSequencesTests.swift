import Engine
import Foundation
import Testing

@testable import Stages

/// Calibration rows between `prune.score` and `prune.apply`.
@Suite struct CalibrationSequencesTests {
    private func read(_ tensors: [String: StoredTensor]) throws -> [[Int32]] {
        let file = FileManager.default.temporaryDirectory.appending(path: "decant-sequences-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try SafeTensors.write(tensors, to: file)
        return try CalibrationSequences(SafeTensors(reading: file)).sequences
    }

    @Test func theyComeBackAsTheyWere() throws {
        let sequences: [[Int32]] = [[1, 2, 3], [4], [5, 6]]
        #expect(try read(CalibrationSequences(sequences).tensors) == sequences)
        #expect(try read(CalibrationSequences([]).tensors) == [])
    }

    @Test(arguments: [[3, 1], [3, 4], [3, 0, 3], [7], [-1, 7], [Int64.max, 6]])
    func lengthsThatDoNotFillTheTokensAreRefused(lengths: [Int64]) throws {
        #expect(throws: ModelFileError.self) {
            try read([
                "tokens": StoredTensor([1, 2, 3, 4, 5, 6] as [Int32], shape: [6]),
                "lengths": StoredTensor(lengths, shape: [lengths.count]),
            ])
        }
    }
}
