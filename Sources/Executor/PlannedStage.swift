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

    /// The stage commits of the inputs, in input order.
    var parents: [CommitID] { inputs.map(\.commit) }
}

extension Action {
    /// The action of a stage, given its inputs' artifacts in input order.
    init(stage: Stage, artifacts: [Digest]) {
        self.init(
            kind: stage.kind, revision: stage.revision, parameters: stage.parameters,
            inputs: zip(stage.inputs, artifacts).map { Action.Input(name: $0.name, artifact: $1) }, numerics: .portable)
    }
}
