import BuildModel

/// Why a stage of one build is another than the stage of the same name in another build: both actions are known, from their
/// commits.
package enum StageComparison {
    /// - Parameter sources: the stages that the newer action's inputs come from, by the input's name.
    /// - Returns: nothing where the keys are equal, so that only what the stage stands on can differ.
    package static func reasons(from old: Action, to new: Action, sources: [String: String]) -> [Reason] {
        // An explanation reads names off a graph: one of the stage and its inputs is enough.
        var stages = new.inputs.map { input in
            Stage(name: sources[input.name] ?? "another stage", kind: "", revision: 0, parameters: [:])
        }
        let inputs = new.inputs.enumerated().map { Stage.Input(name: $1.name, stage: StageID(index: $0)) }
        let stage = Stage(name: "", kind: new.kind, revision: new.revision, parameters: new.parameters, inputs: inputs)
        stages.append(stage)
        return Explanation(stage: stage, graph: Graph(stages: stages, targets: [])).reasons(
            from: old.encoding, to: new.encoding)
    }
}
