import BuildModel

/// What to ask a remote for.
package enum Selection: Sendable {
    case everything
    /// Builds of some recipes, all that they were made of, and the notes on runs.
    case recipes([String])
    /// The results of some actions.
    case actions([Digest])

    var isOfActions: Bool { if case .actions = self { true } else { false } }
}

extension Reception {
    /// The refs to ask for, and those that a lineage has no place for.
    static func choose(
        _ selection: Selection, among advertised: [RemoteReference], of remote: RemoteRepository, _ limits: ReceivingLimits
    ) throws -> (chosen: [(reference: SharedReference, remote: RemoteReference)], leftOut: [Refusal]) {
        guard advertised.count <= limits.references else {
            throw Refusal(
                subject: "the list of refs", reason: "\(advertised.count) are more than the \(limits.references) that are taken"
            )
        }
        var chosen: [(reference: SharedReference, remote: RemoteReference)] = []
        var leftOut: [Refusal] = []
        for reference in advertised.sorted(by: { $0.name < $1.name }) {
            do throws(Refusal) {
                chosen.append((try SharedReference(reference.name), reference))
            } catch {
                // What is not Decant's may be anything; what looks like Decant's must be right.
                if reference.name.hasPrefix("refs/decant/") || reference.name.hasPrefix("refs/heads/") { throw error }
                leftOut.append(error)
            }
        }
        try refuseColliding(chosen.map(\.remote.name))
        switch selection {
        case .everything: return (chosen, leftOut)
        case .recipes(let names):
            for name in names where !chosen.contains(where: { $0.reference == .branch(recipe: name) }) {
                throw RemoteError.unreachable(remote: remote.label, reason: "it has no build of '\(name)'")
            }
            return (
                chosen.filter { chosen in
                    if case .branch(let recipe) = chosen.reference {
                        names.contains(recipe)
                    } else {
                        chosen.reference == .runNotes
                    }
                }, []
            )
        case .actions(let keys):
            let keys = Set(keys)
            return (chosen.filter { if case .action(let key) = $0.reference { keys.contains(key) } else { false } }, [])
        }
    }

    /// A ref is a file: none can lie below another.
    private static func refuseColliding(_ names: [String]) throws(Refusal) {
        let all = Set(names)
        for name in names {
            var parent = name[...]
            while let slash = parent.lastIndex(of: "/") {
                parent = parent[..<slash]
                guard !all.contains(String(parent)) else {
                    throw Refusal(subject: name, reason: "there is a ref \(parent) as well")
                }
            }
        }
    }
}
