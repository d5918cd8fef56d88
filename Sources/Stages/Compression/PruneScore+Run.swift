import CanonicalJSON
import Engine
import Kinds

extension PruneScore: RunnableStage {
    static let scores = File<JSON>("scores.json")
    static let calibration = File<CalibrationSequences>("calibration.safetensors")
    package static let artifact: [Output] = [.figures(scores), .file(calibration, isOptional: true)]

    package func run(in context: StageContext) throws {
        let sequences = try context.calibrationSequences(samples: samples, set: set, prompt: prompt, length: length)
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
