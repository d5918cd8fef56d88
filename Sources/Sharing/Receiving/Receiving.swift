import CLibgit2
import Store

/// Takes in what a remote has, in six steps; all of it or nothing.
///
/// 1. List the refs that the remote has.
/// 2. Choose those that are asked for: `Receiving+2Choose`.
/// 3. Fetch git's part into a quarantine.
/// 4. Check every commit there against the rules of a lineage, which the store has; then who made it: `Receiving+4Judge`.
/// 5. Download the files that the commits need: `Receiving+5Download`.
/// 6. Accept it all into the store: `Receiving+6Accept`.
///
/// Nothing of the lineage changes before the last step, which the store does while nobody else moves its refs.
final class Receiving {
    let store: Store
    let remote: RemoteRepository
    let quarantine: Quarantine
    let chosen: ChosenReferences
    let checked: CommitCheck
    let trust: ReceivingTrust
    /// What came beside the results; a single result comes without.
    let witnesses: ReceivedWitnesses?

    /// Takes the first four steps. Nothing of the store changes.
    ///
    /// - Parameters:
    ///   - known: the remote's refs, if they were listed before.
    ///   - trust: whose work is taken; as the store's settings say where `nil`.
    ///   - isJudged: whether what came is refused for who made it; otherwise nothing of it may be taken in.
    /// - Throws: `RemoteError`, `StoreError`.
    init(
        _ scope: PullScope, from remote: RemoteRepository, into store: Store, known: [RemoteReference]? = nil,
        limits: ReceivingLimits = ReceivingLimits(), trust given: ReceivingTrust? = nil, isJudged: Bool = true
    ) throws {
        (self.store, self.remote) = (store, remote)
        let trust = try given ?? ReceivingTrust(for: remote.addresses, of: store)
        let ours = try store.openRepository()
        let first = try store.quarantine(for: ours)
        let carriesWitnesses = isJudged && !scope.isOfActions
        (chosen, quarantine, checked, witnesses) = try RemoteError.refusing(remote.label, gitFailures: true) {
            let listed = try known ?? remote.references(seenFrom: ours)
            var chosen = try ChosenReferences(
                scope, among: listed, of: remote, limits, withResults: !trust.takesBuildsAlone)
            let quarantine = try Self.fetch(&chosen, from: remote, into: first, of: store, seenFrom: ours, limits)
            var checked = CommitCheck(quarantine: quarantine.repository, ours: ours, limits: limits)
            try checked.check(chosen.references)
            try Self.refuseUnnamed(in: quarantine.repository, checked)
            try checked.refuseConflicts()
            let witnesses =
                try carriesWitnesses
                ? ReceivedWitnesses(among: listed, of: remote, for: store, judge: trust.judge) : nil
            return (chosen, quarantine, checked, witnesses)
        }
        self.trust = try witnesses.map { try trust.needsWitnesses ? trust.hearing($0, in: store) : trust } ?? trust
        if isJudged { try RemoteError.refusing(remote.label) { try judge() } }
    }

    /// Brings what is asked for into a quarantine, and nothing of what turns out to be someone else's.
    private static func fetch(
        _ chosen: inout ChosenReferences, from remote: RemoteRepository, into quarantine: Quarantine, of store: Store,
        seenFrom ours: GitRepository, _ limits: ReceivingLimits
    ) throws -> Quarantine {
        switch remote {
        case .neighbour(let path):
            let neighbour = try NeighbourRepository(at: path)
            _ = try chosen.leaveOutForeign(seenIn: neighbour.repository, of: remote, limits)
            try neighbour.pack(chosen.references.map(\.object), lackedBy: quarantine.repository, limits: limits)
        case .server(let url, let login):
            // Libgit2 reads our commits while it tells a server what we have: those of a damaged file past their ends. One
            // action's result is not worth the time.
            if !chosen.scope.isOfActions { try ours.walk(ours.allTips()) { _ throws(StoreError) in true } }
            if let names = chosen.names {
                try ServerConnection(url: url, login: login, limits: limits).fetch(names, into: quarantine.repository)
            }
            try quarantine.repository.refresh()
            guard try chosen.leaveOutForeign(seenIn: quarantine.repository, of: remote, limits) else { return quarantine }
            let clean = try store.quarantine(for: ours)
            try NeighbourRepository.copy(
                chosen.references.map(\.object), from: quarantine.repository, to: clean.repository, limits: limits)
            try clean.repository.refresh()
            return clean
        }
        try quarantine.repository.refresh()
        return quarantine
    }

    /// Refuses a pack that holds more than the refs reach.
    private static func refuseUnnamed(in repository: GitRepository, _ checked: CommitCheck) throws {
        var unnamed = 0
        try repository.forEachObject { id in
            if !checked.reached.contains(ObjectName(id)), checked.isNew(id) { unnamed += 1 }
        }
        guard unnamed == 0 else {
            throw Refusal(subject: "the pack", reason: "\(unnamed) of its git objects belong to no ref that was asked for")
        }
    }

    /// Takes the last two steps.
    func finish(objects place: any RemoteObjects, label: String, onPhase: (ExchangePhase) -> Void) async throws
        -> ExchangeSummary
    {
        onPhase(
            .checked(
                stages: checked.stages.count, builds: checked.builds.count, gitObjects: checked.reached.count,
                bytes: quarantine.size))
        let tally = TransferTally()
        let missing = try missingObjects()
        do {
            try await place.download(missing, counting: tally)
        } catch let refusal as Refusal {
            throw RemoteError.refused(remote: label, refusals: [refusal])
        }
        let total = tally.total
        onPhase(.objects(moved: total.objects, bytes: total.bytes, present: checked.pointers.count - missing.count))
        let (changes, actions) = try accept()
        return ExchangeSummary(
            remote: label, changes: changes, leftOut: chosen.leftOut + (witnesses?.faults ?? []), actions: actions,
            witnesses: try witnesses?.admit(into: store) ?? 0, objects: total.objects, bytes: total.bytes)
    }
}

extension Store {
    /// Takes in what a remote has.
    ///
    /// - Parameters:
    ///   - accepted: recipes, tags and commits that are taken whoever made them.
    ///   - signer: signs builds that put ours and theirs together.
    /// - Throws: `RemoteError` where the remote breaks a rule or cannot be reached, `SharingError`, `StoreError`.
    package func pull(
        _ scope: PullScope, from remote: Remote, accepting accepted: Set<String> = [],
        signer: (any CommitSigner)? = nil, onPhase: (ExchangePhase) -> Void = { _ in }
    ) async throws -> ExchangeSummary {
        let place = try remote.remoteObjects()
        let trust = try ReceivingTrust(for: remote.addresses, of: self, accepting: accepted, signer: signer)
        return try await Receiving(scope, from: remote.repository, into: self, trust: trust)
            .finish(objects: place, label: remote.label, onPhase: onPhase)
    }
}
