import CanonicalJSON
import Engine
import Stages
import Store
import Words

/// The data that a model learned from: the nearest in its lineage.
struct LearnedData {
    let description: TaskDescription
    let functions: [String: FunctionDefinition]
    /// What the prompts showed that it was trained on; `nil` where no training says it.
    let prompt: PromptStyle?

    /// - Returns: `nil` where no stage before the model made data.
    init?(of model: StageRecord, in store: Store) throws {
        var (open, seen) = ([model], Set([model.commit]))
        var prompt: PromptStyle?
        while !open.isEmpty {
            let record = open.removeFirst()
            prompt = prompt ?? record.action.parameters["prompt"]?.string.flatMap(PromptStyle.init(rawValue:))
            if let pool = try store.read(DataFiles.functions, of: record.artifact) {
                description = try store.read(DataFiles.task, of: record.artifact) ?? .calls
                (functions, self.prompt) = (pool.functions, prompt)
                return
            }
            open += try store.inputs(of: record).filter { seen.insert($0.commit).inserted }
        }
        return nil
    }
}
