import BuildModel
import CanonicalJSON

/// Collects stages, each once: equal kind, parameters and inputs are the same stage.
struct GraphBuilder {
    /// What two stages have in common when they are one.
    private struct Identity: Hashable {
        var kind: String
        var parameters: JSON
        var inputs: [Stage.Input]
    }

    /// A stage and what its name is made of.
    struct Draft {
        var stage: Stage
        var title: StageTitle
        /// Indices of the variants that need it, in order.
        var variants: [Int]
    }

    private(set) var drafts: [Draft] = []
    private var known: [Identity: StageID] = [:]
    /// The variant being lowered; stages that it adds or meets again belong to it.
    var variant = 0

    /// Adds a stage, or finds the equal one that is there already; the first one's title and origins stay.
    mutating func add<Kind: StageKind>(
        _ kind: Kind, _ title: StageTitle, inputs: [Stage.Input] = [], fixedOutput: FixedOutput? = nil, origins: [Origin] = []
    ) throws -> StageID {
        let parameters = try JSON(encoding: kind)
        let identity = Identity(kind: Kind.name, parameters: parameters, inputs: inputs)
        if let id = known[identity] {
            if drafts[id.index].variants.last != variant { drafts[id.index].variants.append(variant) }
            return id
        }
        let id = StageID(index: drafts.count)
        let stage = Stage(
            name: "", kind: Kind.name, revision: Kind.revision, parameters: parameters, inputs: inputs,
            fixedOutput: fixedOutput, origins: origins.sorted { $0.parameter < $1.parameter })
        drafts.append(Draft(stage: stage, title: title, variants: [variant]))
        known[identity] = id
        return id
    }

    /// The graph under the given names, one per stage.
    func graph(names: [String], targets: [Graph.Target]) -> Graph {
        let stages = zip(drafts, names).map { draft, name in
            var stage = draft.stage
            stage.name = name
            return stage
        }
        return Graph(stages: stages, targets: targets)
    }
}
