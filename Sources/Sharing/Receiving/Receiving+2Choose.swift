import BuildModel
import Store

/// What to ask a remote for.
package enum PullScope: Sendable {
    case everything
    /// Builds of some recipes, all that they were made of, and the notes on runs.
    case recipes([String])
    /// The results of some actions.
    case actions([Digest])

    var isOfActions: Bool { if case .actions = self { true } else { false } }
}

/// The refs to ask a remote for, out of all that it has.
struct ChosenReferences {
    let scope: PullScope
    private(set) var references: [SharedReference]
    /// Refs that the remote has and a lineage has no place for.
    private(set) var leftOut: [Refusal]
    /// Actions whose results the remote names, asked for or not.
    let advertisedActions: Set<Digest>

    /// - Parameter withResults: whether results by their actions and notes on runs are asked for, beside builds and tags.
    init(
        _ scope: PullScope, among listed: [RemoteReference], of remote: RemoteRepository, _ limits: ReceivingLimits,
        withResults: Bool
    ) throws {
        guard listed.count <= limits.references else {
            throw Refusal(
                subject: "the list of refs", reason: "\(listed.count) are more than the \(limits.references) that are taken")
        }
        var shared: [SharedReference] = []
        var others: [Refusal] = []
        for reference in listed.sorted(by: { $0.name < $1.name })
        where reference.name != Store.receivedReference && !reference.name.hasPrefix(WitnessCommit.references) {
            do throws(Refusal) {
                shared.append(try SharedReference(reference.name, naming: reference.object))
            } catch {
                // Other refs may have any name; names that look like Decant's must be right.
                if reference.name.hasPrefix("refs/decant/") { throw error }
                others.append(error)
            }
        }
        try Self.refuseColliding(shared.map(\.name))
        self.scope = scope
        advertisedActions = Set(listed.compactMap { StageCommit.key(ofReference: $0.name) })
        switch scope {
        case .everything:
            references = withResults ? shared : shared.filter(\.isSignable)
            leftOut = others
        case .recipes(let names):
            for name in names where !shared.contains(where: { $0.kind == .branch(recipe: name) }) {
                throw RemoteError.unreachable(remote: remote.label, reason: "it has no build of '\(name)'")
            }
            let notes: [SharedReference.Kind] = withResults ? [.runNotes] : []
            let wanted = Set(names.map { SharedReference.Kind.branch(recipe: $0) } + notes)
            (references, leftOut) = (shared.filter { wanted.contains($0.kind) }, [])
        case .actions(let keys):
            let wanted = Set(keys.map { SharedReference.Kind.action(key: $0) })
            (references, leftOut) = (shared.filter { wanted.contains($0.kind) }, [])
        }
    }

    /// Leaves branches and tags of others where they are.
    ///
    /// - Parameter repository: has what the refs name.
    /// - Returns: whether there are any.
    /// - Throws: where one of them was asked for by its name.
    mutating func leaveOutForeign(
        seenIn repository: GitRepository, of remote: RemoteRepository, _ limits: ReceivingLimits
    ) throws -> Bool {
        func isForeign(_ reference: SharedReference) -> Bool {
            switch reference.kind {
            case .branch, .tag: !repository.claimsToBeLineage(reference.object, limits: limits)
            case .action, .runNotes: false
            }
        }
        let (foreign, own) = (references.filter(isForeign), references.filter { !isForeign($0) })
        if foreign.isEmpty { return false }
        if case .recipes = scope, let name = foreign.first?.name {
            throw RemoteError.unreachable(remote: remote.label, reason: "\(name) there is no build of Decant's")
        }
        references = own
        leftOut += foreign.map {
            Refusal(subject: $0.name, reason: "it is no build or result of Decant's, and stays where it is")
        }
        return true
    }

    /// What a server is asked for; `nil` where that is nothing.
    var names: [String]? {
        if case .everything = scope, references.contains(where: { !$0.isSignable }) { return SharedReference.resultPatterns }
        return references.isEmpty ? nil : references.map(\.name)
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

extension SharedReference {
    /// Whether a person signs what it names: a build or a tag.
    fileprivate var isSignable: Bool {
        switch kind {
        case .branch, .tag: true
        case .action, .runNotes: false
        }
    }
}
