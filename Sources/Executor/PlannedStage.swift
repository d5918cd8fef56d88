import BuildModel
import Store

/// A stage whose inputs are all there.
struct PlannedStage: Sendable {
    let stage: Stage
    let inputs: [StageResult]
    let action: Action
    let key: Digest

    /// - Precondition: `results` holds every input of the stage.
    init(stage: Stage, results: [StageResult?], graph: Graph) {
        let inputs = stage.inputs.map { input in
            guard let result = results[input.stage.index] else {
                preconditionFailure("stage \(stage.name) started before its input \(graph[input.stage].name)")
            }
            return result
        }
        self.stage = stage
        self.inputs = inputs
        action = Action(stage: stage, artifacts: inputs.map(\.artifact.digest))
        key = action.key
    }

    /// Bytes that running it takes, roughly.
    var memory: Int {
        stage.memory(
            Dictionary(zip(stage.inputs.map(\.name), inputs.map(\.artifact.size)), uniquingKeysWith: { first, _ in first }))
    }

    /// The stage commits of the inputs, in input order.
    var parents: [CommitID] { inputs.map(\.commit) }
}
