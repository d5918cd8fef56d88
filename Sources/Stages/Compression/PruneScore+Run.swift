import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension PruneScore: RunnableStage {
    static let scores = File<JSON>("scores.json")
    static let calibration = File<CalibrationSequences>("calibration.safetensors")
    package static let artifact: [Output] = [.figures(scores), .file(calibration, isOptional: true)]

    package func run(in context: StageContext) throws {
        let sequences = try context.calibrationSequences(samples: samples, set: set, prompt: prompt)
        let model = try context.inferenceModel("model")
        let groups = InferenceModel.calibrationGroups(of: sequences.count)
        let checkpoint: ResultCheckpoint<[Double]> = context.resultCheckpoint(of: groups.count, unit: "group")
        switch method {
        case .depth:
            let importance = try model.depthImportance(sequences, workers: context.workers, checkpoint: checkpoint)
            try context.write(
                ["method": .string(method.rawValue), "layers": .array(importance.map(JSON.number))], to: Self.scores)
        case .width:
            let importance = try model.channelImportance(sequences, workers: context.workers, checkpoint: checkpoint)
            try context.write(
                .object(importance.members.merging(["method": .string(method.rawValue)]) { $1 }), to: Self.scores)
            try context.write(CalibrationSequences(sequences), to: Self.calibration)
        }
    }
}

extension ChannelImportance {
    /// The members of `scores.json`.
    fileprivate var members: [String: JSON] {
        func list(_ values: [Double]) -> JSON { .array(values.map(JSON.number)) }
        return [
            "hidden": list(hidden), "intermediate": .array(intermediate.map(list)), "heads": .array(heads.map(list)),
        ]
    }

    /// Reads them back.
    /// - Throws: `StageFailure` where a list is missing; numbers that are none become NaN, which pruning refuses.
    init(scores: JSON) throws(StageFailure) {
        func list(_ value: JSON) -> [Double] { (value.array ?? []).map { $0.double ?? .nan } }
        guard let hidden = scores["hidden"], let intermediate = scores["intermediate"]?.array,
            let heads = scores["heads"]?.array
        else { throw StageFailure("scores/scores.json has no scores of channels") }
        self.init(hidden: list(hidden), intermediate: intermediate.map(list), heads: heads.map(list))
    }
}

/// Calibration rows as token sequences: the file has their `tokens` back to back, and their `lengths`.
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
    /// Prompts and answers of the rows to calibrate the input `model` on, as tokens.
    ///
    /// Rows are chosen by the hash of their ids, because they are sorted by function.
    func calibrationSequences(samples: Int, set: String, prompt: PromptStyle) throws -> [[Int32]] {
        let reader = try responseRows(prompt)
        let rows = try readLabelled(DataFiles.set(set))
            .map { (StableHash.unit("calibration", 0, $0.id), $0) }.sorted { $0.0 < $1.0 }.prefix(samples).map(\.1)
        guard !rows.isEmpty else { throw StageFailure("the set '\(set)' has no rows to calibrate on") }
        return try rows.map { try reader.example(of: $0).tokens }
    }
}
