import CanonicalJSON
import Engine
import Kinds
import Words

/// What a model was calibrated on, as token sequences: the file has their `tokens` back to back, and their `lengths`.
struct CalibrationSequences: TensorContent {
    private static let misfit = ModelFileError(
        file: PruneScore.calibration.name, reason: "its lengths do not fit its tokens")

    var sequences: [[Int32]]

    init(_ sequences: [[Int32]]) { self.sequences = sequences }

    /// - Throws: `ModelFileError` for a file whose lengths do not fill its tokens.
    init(_ file: SafeTensors) throws {
        let (tokens, lengths) = (try file.integers("tokens"), try file.integers("lengths"))
        var sequences: [[Int32]] = []
        var start = 0
        for length in lengths {
            guard (1...max(1, tokens.count - start)).contains(length), start + length <= tokens.count else { throw Self.misfit }
            sequences.append(tokens[start..<start + length].map { Int32(clamping: $0) })
            start += length
        }
        guard start == tokens.count else { throw Self.misfit }
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

extension StageContext {
    /// What the input `model` is calibrated on, as tokens: prompts and answers of rows of the input `data`, else the text of the
    /// input `text`.
    ///
    /// - Parameters:
    ///   - samples: sequences at most.
    ///   - length: tokens of a sequence: a text is divided into such sequences, rows are cut to it.
    func calibrationSequences(
        samples: Int, set: String, prompt: PromptStyle, length: Int? = nil
    ) throws -> [[Int32]] {
        guard hasInput("data") else { return try calibrationText(samples, of: length ?? Self.standardLength) }
        let rows = try calibrationRows(samples, set: set, prompt: prompt)
        guard let length else { return rows }
        let cut = rows.count { $0.count > length }
        if cut > 0 { log("\(cut) of \(rows.count) calibration rows are longer than \(length) tokens and lost their end") }
        return rows.map { Array($0.prefix(length)) }
    }

    /// Of a text where no action says it.
    private static let standardLength = 512

    /// Rows are chosen by the hash of their ids, because they are sorted by function.
    private func calibrationRows(_ samples: Int, set: String, prompt: PromptStyle) throws -> [[Int32]] {
        let reader = try responseRows(prompt)
        let rows = try readLabelled(DataFiles.set(set))
            .map { (StableHash.unit("calibration", 0, $0.id), $0) }.sorted { $0.0 < $1.0 }.prefix(samples).map(\.1)
        guard !rows.isEmpty else { throw StageFailure("the set '\(set)' has no rows to calibrate on") }
        return try rows.map { try reader.example(of: $0).tokens }
    }

    /// The beginning of a text in sequences of one length; the last one may be shorter.
    private func calibrationText(_ samples: Int, of length: Int) throws -> [[Int32]] {
        guard hasInput("text") else { throw StageFailure("there is nothing to calibrate on: name the input 'data' or 'text'") }
        let tokenizer = try modelFolder("model").tokenizer()
        var tokens: [Int32] = []
        let wanted = samples * length
        try forEachText(of: "text") { text in
            tokens += tokenizer.encodeWithFrame(text).map { Int32($0) }
            return tokens.count < wanted
        }
        let sequences = stride(from: 0, to: min(tokens.count, wanted), by: length).map { start in
            Array(tokens[start..<min(start + length, tokens.count, wanted)])
        }.filter { $0.count > 1 }
        guard !sequences.isEmpty else { throw StageFailure("the text has \(tokens.count) tokens: too few to calibrate on") }
        if sequences.count < samples {
            log("the text has \(sequences.count) sequences of \(length) tokens; \(samples) were asked for")
        }
        return sequences
    }
}
