import CLibgit2
import Store
import Trust

/// Who must have made what is received, and what a person takes all the same.
package struct ReceivingTrust: Sendable {
    let judge: SignatureJudge
    let policy: RemotePolicy
    /// The remote, for messages.
    let remote: String
    /// Recipes, tags and commits that need no signature this time.
    private let accepted: Set<String>
    /// Signs builds that put ours and theirs together.
    let signer: (any CommitSigner)?
    /// What witnesses say, where the policy asks them.
    var testimony: Testimony?
    /// Stage commits that a signed build or tag stands for, where the policy asks that of single results.
    var vouched: Set<CommitID> = []

    /// - Parameter addresses: what the remote is known by.
    init(
        for addresses: [String], of store: Store, accepting: Set<String> = [], signer: (any CommitSigner)? = nil
    ) throws {
        let trust = try store.trust()
        judge = trust.judge
        policy = trust.policy(for: addresses)
        remote = addresses.first ?? "the remote"
        accepted = accepting
        self.signer = signer
    }

    /// Whether results and notes come only with builds and tags: alone, nobody vouches for them.
    var takesBuildsAlone: Bool { policy != .none }
    /// Whether a result counts only where a signed build or tag stands for it.
    var needsVouching: Bool { if case .signed = policy { true } else { false } }
    /// Whether witnesses are asked.
    var needsWitnesses: Bool { if case .reproduced = policy { true } else { false } }

    /// Whether a person named it.
    func accepts(_ name: String, _ commit: CommitID) -> Bool {
        accepted.contains(name) || accepted.contains { $0.utf8.count >= 7 && commit.hex.hasPrefix($0) }
    }

    // MARK: The policy

    /// What the policy refuses of all that came.
    func refusals(
        _ chosen: ChosenReferences, _ checked: CommitCheck, in arrived: GitRepository
    ) throws -> [Refusal] {
        switch policy {
        case .none: return []
        case .reproduced(let count, _): return witnessRefusals(of: checked.stages, needing: count)
        case .signed(let principals):
            var refusals = try builds(chosen, checked, in: arrived).compactMap {
                try refusal(ofBuild: $0, principals, in: arrived)
            }
            for reference in chosen.references {
                switch reference.kind {
                case .tag:
                    if let refusal = try refusal(of: reference, principals, checked.ours, arrived) { refusals.append(refusal) }
                case .action where !vouched.contains(reference.object):
                    refusals.append(
                        Refusal(
                            subject: reference.name,
                            reason:
                                "no build and no tag there that is \(policy.words) has this result, as the policy for \(remote) asks"
                        ))
                default: break
                }
            }
            return refusals
        }
    }

    /// New builds, and those that branches will name.
    private func builds(
        _ chosen: ChosenReferences, _ checked: CommitCheck, in arrived: GitRepository
    ) throws -> [CommitID] {
        let heads = try chosen.references.filter { reference in
            guard case .branch = reference.kind else { return false }
            return try checked.ours.named(by: reference.name) != reference.object
        }
        return (checked.builds + heads.map(\.object)).uniqued()
    }

    private func refusal(ofBuild id: CommitID, _ principals: [String], in arrived: GitRepository) throws -> Refusal? {
        let verdict = judge.verdict(on: try arrived.signedText(of: id), by: principals)
        let recipe = try arrived.commit(id).map { String($0.message.prefix { $0 != ":" && $0 != "\n" }) } ?? ""
        guard !verdict.isValid, !accepts(recipe, id) else { return nil }
        return refusal("the build \(id.hex.prefix(12)) of \(recipe)", verdict, name: recipe)
    }

    private func refusal(
        of tag: SharedReference, _ principals: [String], _ ours: GitRepository, _ arrived: GitRepository
    ) throws -> Refusal? {
        guard try ours.named(by: tag.name) != tag.object else { return nil }
        let name = String(tag.name.dropFirst("refs/tags/".count))
        let verdict = judge.verdict(on: try arrived.signedText(ofTagObject: tag.object), tag: name, by: principals)
        return verdict.isValid || accepts(name, tag.object) ? nil : refusal("the tag \(name)", verdict, name: name)
    }

    private func refusal(_ subject: String, _ verdict: SignatureVerdict, name: String) -> Refusal {
        let fix =
            if case .unknownKey = verdict { "allow the key (`decant trust add WHO KEY`)" } else { "have it signed (--sign)" }
        return Refusal(
            subject: subject,
            reason: "\(verdict.words); the policy for \(remote) is \(policy.words): \(fix), or take it with --accept \(name)")
    }

    // MARK: Heads that are signed here

    /// Why a branch may not move: its build here is signed, and the other one is not, or by nobody who is known here.
    ///
    /// - Parameter repository: has both sides' commits.
    func refusal(moving branch: SharedReference, from head: CommitID, in repository: GitRepository) throws -> Refusal? {
        guard case .branch(let recipe) = branch.kind, !accepts(recipe, branch.object),
            try !repository.contains(head, branch.object)
        else { return nil }
        let ours = judge.verdict(on: try repository.signedText(of: head))
        guard ours.isSigned else { return nil }
        let theirs = judge.verdict(on: try repository.signedText(of: branch.object))
        guard theirs.isValid || Self.isSameKey(ours, theirs) else {
            return Refusal(
                subject: branch.name,
                reason:
                    "the build \(head.hex.prefix(12)) here is signed (\(ours.words)), and \(branch.object.hex.prefix(12)) there "
                    + "is not as good (\(theirs.words)): have it signed, allow its key with `decant trust add WHO KEY`, or take it "
                    + "with --accept \(recipe)")
        }
        guard signer == nil, try !repository.contains(branch.object, head) else { return nil }
        return Refusal(
            subject: branch.name,
            reason: "both sides built, and the build that puts them together would bear no signature, as the one here does "
                + "(\(ours.words)): sign it with --sign, or leave it unsigned with --accept \(recipe)")
    }

    /// Whether a key that nobody vouches for made both signatures.
    private static func isSameKey(_ one: SignatureVerdict, _ other: SignatureVerdict) -> Bool {
        if case .unknownKey(let key) = one, case .unknownKey(key) = other { true } else { false }
    }

    // MARK: Single results

    /// The stage commits that signed builds and tags of a remote stand for, with all that those were made of.
    func vouching(from remote: RemoteRepository, into store: Store) throws -> Set<CommitID> {
        let receiving = try Receiving(.everything, from: remote, into: store, trust: self, isJudged: false)
        let arrived = receiving.quarantine.repository
        var tips: [CommitID] = []
        func stand(for build: CommitID) throws {
            let plan = try arrived.commit(build).flatMap { try BuildCommit.plan(of: $0, in: arrived) }
            tips += (NamedCommit.list(plan?["stages"]) + NamedCommit.list(plan?["targets"])).map(\.commit)
        }
        var open: [CommitID] = []
        var seen: Set<CommitID> = []
        for reference in receiving.chosen.references {
            if case .branch = reference.kind { open.append(reference.object) }
            guard case .tag = reference.kind else { continue }
            let name = String(reference.name.dropFirst("refs/tags/".count))
            let text = try arrived.signedText(ofTagObject: reference.object)
            guard judge.verdict(on: text, tag: name, by: policy.principals).isValid,
                let commit = try arrived.commit(underTag: reference.object)
            else { continue }
            tips.append(commit)
            try stand(for: commit)
        }
        while let id = open.popLast() {
            guard seen.insert(id).inserted, let commit = try arrived.commit(id),
                try BuildCommit.plan(of: commit, in: arrived) != nil
            else { continue }
            open += commit.parents
            if judge.verdict(on: try arrived.signedText(of: id), by: policy.principals).isValid { try stand(for: id) }
        }
        var vouched: Set<CommitID> = []
        try arrived.walk(tips.uniqued()) { commit throws(StoreError) in
            vouched.insert(commit.id)
            return try arrived.entry("action.json", of: commit.tree) != nil
        }
        return vouched
    }
}

extension Receiving {
    /// Refuses what the policy for the remote does not take, and what would take the signature from a build here.
    func judge() throws {
        var refusals = try trust.refusals(chosen, checked, in: quarantine.repository)
        for reference in chosen.references {
            guard case .branch = reference.kind, let head = try checked.ours.named(by: reference.name),
                let refusal = try trust.refusal(moving: reference, from: head, in: quarantine.repository)
            else { continue }
            refusals.append(refusal)
        }
        guard refusals.isEmpty else { throw Refusals(all: refusals) }
    }
}
