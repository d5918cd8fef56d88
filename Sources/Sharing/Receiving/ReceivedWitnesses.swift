import BuildModel
import Foundation
import Store
import Trust

/// The witnesses of a remote that are not here yet, in a quarantine of their own, each checked by itself: one that is none is
/// left out with its ref, and the others come.
final class ReceivedWitnesses {
    private(set) var known: [Witness] = []
    private(set) var faults: [Refusal] = []
    /// Sees the lineage as well.
    let repository: GitRepository
    private let quarantine: Quarantine

    /// Fetches and checks. Nothing of the store changes.
    ///
    /// - Parameter judge: says whether each signature fits; whose it is does not matter yet.
    init(
        among listed: [RemoteReference], of remote: RemoteRepository, for store: Store, judge: SignatureJudge
    ) throws {
        let ours = try store.openRepository()
        quarantine = try store.quarantine(for: ours)
        repository = quarantine.repository
        let new = try listed.filter { try isNew($0, to: ours) }
        guard !new.isEmpty else { return }
        try fetch(new, from: remote)
        for reference in new {
            do throws(Refusal) {
                known.append(try check(reference, judge.ofNobody))
            } catch {
                faults.append(error)
            }
        }
    }

    /// Takes into the store what is about results that are there.
    ///
    /// - Returns: how many are new.
    func admit(into store: Store) throws -> Int {
        let ours = try store.openRepository()
        let about = try known.filter { witness in
            try witness.statements.contains { try ours.target(of: StageCommit.reference(for: $0.action)) != nil }
        }
        return about.isEmpty ? 0 : try store.admit(about, from: repository).count
    }

    private func isNew(_ reference: RemoteReference, to ours: GitRepository) throws -> Bool {
        guard reference.name.hasPrefix(WitnessCommit.references) else { return false }
        guard WitnessCommit.commit(ofReference: reference.name) == reference.object else {
            faults.append(
                Refusal(
                    subject: String(reference.name.prefix(200)), reason: "a witness's ref names the commit that it is named for"
                ))
            return false
        }
        return try ours.named(by: reference.name) != reference.object
    }

    private func fetch(_ references: [RemoteReference], from remote: RemoteRepository) throws {
        var limits = ReceivingLimits()
        limits.packBytes = 1 << 28
        switch remote {
        case .neighbour(let path):
            let neighbour = try NeighbourRepository(at: path)
            do {
                try neighbour.pack(references.map(\.object), lackedBy: repository, limits: limits)
            } catch {
                // One that is not whole is no reason to lose the others.
                for reference in references {
                    try? neighbour.pack([reference.object], lackedBy: repository, limits: limits)
                    try repository.refresh()
                }
            }
        case .server(let url, let login):
            try ServerConnection(url: url, login: login, limits: limits).fetch(references.map(\.name), into: repository)
        }
        try repository.refresh()
    }

    private func check(_ reference: RemoteReference, _ judge: SignatureJudge) throws(Refusal) -> Witness {
        let witness = try WitnessCommit.read(reference.object, from: repository)
        let verdict: SignatureVerdict
        do {
            verdict = judge.verdict(on: try repository.signedText(of: reference.object))
        } catch {
            throw Refusal(subject: reference.name, reason: "\(error)")
        }
        guard case .unknownKey = verdict else {
            throw Refusal(subject: reference.name, reason: "its signature does not hold: \(verdict.words)")
        }
        return witness
    }
}

extension ReceivingTrust {
    /// The same with what witnesses say: those here, and those that came.
    func hearing(_ received: ReceivedWitnesses, in store: Store) throws -> ReceivingTrust {
        var trust = self
        trust.testimony = try Testimony(
            of: store.witnesses().known + received.known, judge: judge, by: policy.principals
        ) { try received.repository.signedText(of: $0) }
        return trust
    }

    /// What too few witnesses got, and what witnesses got otherwise.
    ///
    /// Sources need none: their actions name the bytes that they must have.
    func witnessRefusals(of stages: [StageRecord], needing count: Int) -> [Refusal] {
        stages.filter { !$0.action.kind.hasPrefix("source.") && !accepts($0.action.kind, $0.commit) }.compactMap { record in
            let (action, artifact) = (record.action.key, record.artifact.digest)
            let tally = testimony?.tally(of: action, gave: artifact) ?? Testimony.Tally()
            let subject = "\(record.action.kind) (stage commit \(record.commit.hex.prefix(12)), action \(action.short))"
            if !tally.disagreeing.isEmpty {
                let others = tally.disagreeing.map { "\($0.name) got \($0.statement.made?.hex ?? "nothing")" }
                let same = tally.agreeing.isEmpty ? "" : ", as \(tally.agreeing.joined(separator: " and ")) did"
                return Refusal(
                    subject: subject,
                    reason: "witnesses disagree: \(remote) has the artifact \(artifact.hex)\(same); "
                        + others.joined(separator: ", "))
            }
            guard tally.agreeing.count < count else { return nil }
            let who = tally.agreeing.isEmpty ? "" : " (\(tally.agreeing.joined(separator: ", ")))"
            return Refusal(
                subject: subject,
                reason:
                    "it has \(tally.agreeing.count) of the \(count) witnesses\(who) that the policy for \(remote) asks for; "
                    + "somebody who is allowed runs it again (verify \(record.commit.hex.prefix(12)) --witness) and pushes, or take "
                    + "it with --accept \(record.action.kind)")
        }
    }
}

extension Testimony.Voice {
    /// Who it is by, as the list of allowed signers names them.
    fileprivate var name: String { if case .valid(let principal, _) = verdict { principal } else { verdict.words } }
}
