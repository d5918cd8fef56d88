import BuildModel
import CanonicalJSON
import Foundation
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
    /// Takes in what a remote has: fetched into a quarantine, checked, then moved in with its objects. Either all or nothing.
    ///
    /// - Throws: `RemoteError` where the remote breaks a rule or cannot be reached, `SharingError`, `StoreError`.
    package func pull(
        _ selection: Selection, from remote: Remote, onPhase: (ExchangePhase) -> Void = { _ in }
    ) async throws -> ExchangeSummary {
        let place = try remote.objectPlace()
        return try await receive(
            Reception(of: selection, from: remote.repository, into: self), objects: place, label: remote.label, onPhase: onPhase
        )
    }

    func receive(
        _ reception: Reception, objects place: any ObjectPlace, label: String, onPhase: (ExchangePhase) -> Void
    ) async throws -> ExchangeSummary {
        onPhase(
            .checked(
                stages: reception.stages, builds: reception.builds, gitObjects: reception.gitObjects, bytes: reception.gitBytes)
        )
        let tally = TransferTally()
        let missing = try reception.missingObjects()
        do {
            try await place.download(missing, counting: tally)
        } catch let refusal as Refusal {
            throw RemoteError.refused(remote: label, refusals: [refusal])
        }
        onPhase(.objects(moved: tally.total.objects, bytes: tally.total.bytes, present: reception.objects - missing.count))
        let (changes, actions) = try reception.accept()
        return ExchangeSummary(
            remote: label, changes: changes, leftOut: reception.leftOut, actions: actions, objects: tally.total.objects,
            bytes: tally.total.bytes)
    }

    /// Gives a remote what it lacks: objects first, then commits, then the refs.
    ///
    /// - Parameter names: recipes; all where empty.
    /// - Throws: `RemoteError.behind` where the remote has builds that are not here.
    package func push(
        _ names: [String], to remote: Remote, onPhase: (ExchangePhase) -> Void = { _ in }
    ) async throws -> ExchangeSummary {
        let known = try recipes()
        for name in names where !known.contains(name) { throw SharingError.nothingToShare(recipe: name, known: known) }
        let place = try remote.objectPlace()
        let sending = try Sending(of: names, from: self, to: remote.repository)
        onPhase(.compared(references: sending.updates.count))
        let tally = TransferTally()
        let objects = sending.objects.map {
            OutgoingObject(digest: $0.digest, size: $0.size, isRequired: $0.isRequired, file: object($0.digest)?.url)
        }
        if !objects.isEmpty { try await place.upload(objects, counting: tally) }
        onPhase(.objects(moved: tally.total.objects, bytes: tally.total.bytes, present: objects.count - tally.total.objects))
        try sending.finish()
        let isAction = { (change: ReferenceChange) in change.name.hasPrefix("refs/decant/actions/") }
        return ExchangeSummary(
            remote: remote.label, changes: sending.updates.filter { !isAction($0) } + sending.kept,
            actions: sending.updates.count(where: isAction), objects: tally.total.objects, bytes: tally.total.bytes)
    }
}
