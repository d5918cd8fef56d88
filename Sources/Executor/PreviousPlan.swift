import BuildModel
import CanonicalJSON

/// The `plan.json` of a recipe's last build: what to compare a graph with.
struct PreviousPlan {
    private let stages: [String: JSON]

    init(_ plan: JSON?) {
        var stages: [String: JSON] = [:]
        for stage in plan?["stages"]?.array ?? [] {
            if let name = stage["name"]?.string { stages[name] = stage }
        }
        self.stages = stages
    }

    /// What differs between a stage and the stage of the same name in the last build.
    ///
    /// - Parameter artifacts: the inputs' artifacts in input order; `nil` where they are not all known.
    func reasons(for stage: Stage, artifacts: [Digest]?) -> [Reason] {
        guard let old = stages[stage.name] else { return [.newStage] }
        if let kind = old["kind"]?.string, kind != stage.kind { return [.kind(old: kind, new: stage.kind)] }
        var reasons: [Reason] = []
        if let revision = old["revision"]?.integer, revision != stage.revision {
            reasons.append(.revision(old: revision, new: stage.revision))
        }
        for change in Self.changes(from: old["parameters"] ?? [:], to: stage.parameters, path: "") {
            let origin = stage.origins.last { change.path == $0.parameter || change.path.hasPrefix($0.parameter + ".") }
            reasons.append(.parameter(name: change.path, origin: origin, old: change.old, new: change.new))
        }
        guard let artifacts else { return reasons }
        for (input, artifact) in zip(stage.inputs, artifacts) {
            let before = old["inputs"]?.array?.first { $0["name"]?.string == input.name }
            if before?["artifact"]?.string != artifact.hex {
                reasons.append(.input(name: input.name, stage: before?["stage"]?.string ?? "new"))
            }
        }
        return reasons.isEmpty ? [.resultMissing] : reasons
    }

    private static func changes(from old: JSON, to new: JSON, path: String) -> [(path: String, old: JSON, new: JSON)] {
        if old == new { return [] }
        guard let oldMembers = old.object, let newMembers = new.object else { return [(path, old, new)] }
        return Set(oldMembers.keys).union(newMembers.keys).sorted().flatMap { key in
            changes(
                from: oldMembers[key] ?? .null, to: newMembers[key] ?? .null, path: path.isEmpty ? key : "\(path).\(key)")
        }
    }
}

extension BuildOutcome {
    /// The `plan.json` of a build commit: every stage with what its key was made of.
    public var planRecord: JSON {
        [
            "stages": .array(
                wanted.compactMap { id in
                    guard let result = results[id.index] else { return nil }
                    let stage = graph[id]
                    return [
                        "name": .string(stage.name), "kind": .string(stage.kind),
                        "revision": .integer(Int64(stage.revision)), "parameters": stage.parameters,
                        "inputs": .array(
                            stage.inputs.map { input in
                                [
                                    "name": .string(input.name), "stage": .string(graph[input.stage].name),
                                    "artifact": results[input.stage.index].map { .string($0.artifact.digest.hex) } ?? .null,
                                ]
                            }),
                        "key": .string(result.key.hex), "artifact": .string(result.artifact.digest.hex),
                        "commit": .string(result.commit.hex),
                    ]
                })
        ]
    }
}
