import CanonicalJSON
import Engine
import Planner

extension PruneScore: RunnableStage {
    public var limitation: String? { method == .depth ? nil : "importance for \(method.rawValue) is not in this version yet" }

    public func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        let reader = ResponseRows(
            prompts: try folder.prompts(PromptFormat(prompt)), functions: try context.readFunctions("data"))
        // By hash, because rows stand in the order in which they were made: function by function.
        let rows = try context.readRows("data", "\(set).jsonl")
            .map { (StableHash.unit("calibration", 0, $0.id), $0) }.sorted { $0.0 < $1.0 }.prefix(samples).map(\.1)
        let sequences = try rows.map { try reader.example(of: $0).tokens }
        let groups = InferenceModel.calibrationGroups(of: sequences.count)
        let importance = try context.inferenceModel("model").depthImportance(
            sequences, workers: context.workers, resumption: context.resumption(of: groups.count, unit: "group"))
        try context.write(
            ["method": .string(method.rawValue), "layers": .array(importance.map(JSON.number))], to: "scores.json")
    }
}
