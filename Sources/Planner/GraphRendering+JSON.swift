import BuildModel
import CanonicalJSON

extension Graph {
    /// The graph for programs: stages in order with kind, parameters and inputs by name; targets by name.
    package var json: JSON {
        [
            "stages": .array(
                stages.map { stage in
                    [
                        "name": .string(stage.name), "kind": .string(stage.kind), "revision": .integer(Int64(stage.revision)),
                        "numerics": .string(stage.numerics.rawValue), "parameters": stage.parameters,
                        "inputs": .array(
                            stage.inputs.map { ["name": .string($0.name), "stage": .string(self[$0.stage].name)] }),
                    ]
                }),
            "targets": .array(targets.map { ["name": .string($0.name), "stage": .string(self[$0.stage].name)] }),
        ]
    }
}
