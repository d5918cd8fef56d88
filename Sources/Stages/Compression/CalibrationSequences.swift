import Engine
import Foundation

/// Calibration rows as token sequences: `calibration.safetensors` has their `tokens` back to back, and their `lengths`.
struct CalibrationSequences {
    static let file = "calibration.safetensors"

    var sequences: [[Int32]]

    init(_ sequences: [[Int32]]) { self.sequences = sequences }

    /// - Throws: `ModelFileError` for a file whose lengths do not fill its tokens.
    init(reading url: URL) throws {
        let file = try SafeTensors(reading: url)
        let (tokens, lengths) = (try file.integers("tokens"), try file.integers("lengths"))
        var sequences: [[Int32]] = []
        var start = 0
        for length in lengths {
            guard (1...max(1, tokens.count - start)).contains(length), start + length <= tokens.count else {
                throw ModelFileError(file: Self.file, reason: "its lengths do not fit its tokens")
            }
            sequences.append(tokens[start..<start + length].map { Int32(clamping: $0) })
            start += length
        }
        guard start == tokens.count else { throw ModelFileError(file: Self.file, reason: "its lengths do not fit its tokens") }
        self.sequences = sequences
    }

    var tensors: [String: StoredTensor] {
        let tokens = sequences.flatMap { $0 }
        return [
            "tokens": StoredTensor(tokens, shape: [tokens.count]),
            "lengths": StoredTensor(sequences.map { Int64($0.count) }, shape: [sequences.count]),
        ]
    }
}
