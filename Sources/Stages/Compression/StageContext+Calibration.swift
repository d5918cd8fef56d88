import Engine
import Planner
import Words

extension StageContext {
    /// Prompts and answers of the rows to calibrate the input `model` on, as tokens.
    ///
    /// Rows are taken by the hash of their ids, because they stand in the order in which they were made: function by function.
    func calibrationSequences(samples: Int, set: String, prompt: PromptStyle) throws -> [[Int32]] {
        let reader = ResponseRows(
            prompts: try modelFolder("model").prompts(prompt), functions: try readFunctions("data"))
        let rows = try readRows("data", "\(set).jsonl")
            .map { (StableHash.unit("calibration", 0, $0.id), $0) }.sorted { $0.0 < $1.0 }.prefix(samples).map(\.1)
        guard !rows.isEmpty else { throw StageFailure("the set '\(set)' has no rows to calibrate on") }
        return try rows.map { try reader.example(of: $0).tokens }
    }
}
