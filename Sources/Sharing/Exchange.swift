import BuildModel
import CanonicalJSON
import Store

/// A step of an exchange that is done, for a person who waits.
package enum ExchangePhase: Sendable {
    /// Git's part came and was checked.
    case checked(stages: Int, builds: Int, gitObjects: Int, bytes: Int)
    /// Git's part that will be sent.
    case compared(references: Int)
    case objects(moved: Int, bytes: Int, present: Int)
}

/// What an exchange did.
package struct ExchangeSummary: Sendable {
    package var remote: String
    /// Branches, tags and notes.
    package var changes: [ReferenceChange] = []
    /// Refs of the remote that were not asked for, with the reason.
    package var leftOut: [Refusal] = []
    /// Actions whose results are new on the side that received.
    package var actions = 0
    package var objects = 0
    /// Of the objects that travelled.
    package var bytes = 0

    package var json: JSON {
        [
            "remote": .string(remote), "actions": .integer(Int64(actions)), "objects": .integer(Int64(objects)),
            "bytes": .integer(Int64(bytes)),
            "refs": .array(
                changes.map {
                    [
                        "name": .string($0.name), "step": .string($0.step.rawValue), "commit": .string($0.commit.hex),
                        "reason": .string($0.reason),
                    ]
                }),
            "left_out": .array(leftOut.map { ["name": .string($0.subject), "reason": .string($0.reason)] }),
        ]
    }
}

extension Store {
    /// Gives a remote what it lacks: objects first, then commits, then the refs.
    ///
    /// - Parameter names: recipes; all where empty.
    /// - Throws: `RemoteError.behind` where the remote has builds that are not here.
    package func push(
        _ names: [String], to remote: Remote, onPhase: (ExchangePhase) -> Void = { _ in }
    ) async throws -> ExchangeSummary {
        let known = try recipes()
        for name in names where !known.contains(name) { throw SharingError.nothingToShare(recipe: name, known: known) }
        let place = try remote.remoteObjects()
        let sending = try Sending(of: names, from: self, to: remote.repository)
        onPhase(.compared(references: sending.updates.count))
        let tally = TransferTally()
        let objects = sending.objects
        if !objects.isEmpty { try await place.upload(objects, counting: tally) }
        onPhase(.objects(moved: tally.total.objects, bytes: tally.total.bytes, present: objects.count - tally.total.objects))
        try sending.finish()
        let isAction = { (change: ReferenceChange) in change.name.hasPrefix("refs/decant/actions/") }
        return ExchangeSummary(
            remote: remote.label, changes: sending.updates.filter { !isAction($0) } + sending.kept,
            actions: sending.updates.count(where: isAction), objects: tally.total.objects, bytes: tally.total.bytes)
    }
}
