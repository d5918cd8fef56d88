import BuildModel
import CLibgit2
import Foundation
import Store

/// What a push would move: worked out from the remote's refs, sent by `finish` after the objects.
final class Sending {
    private let store: Store
    private let remote: RemoteRepository
    private let ours: GitRepository
    /// Refs to create or to move forwards.
    let updates: [ReferenceChange]
    /// Refs that stay as the remote has them, each with the reason.
    let kept: [ReferenceChange]
    private let before: [String: CommitID]
    /// Files that pointers of the sent commits name, each once.
    let objects: [OutgoingObject]

    /// - Throws: `RemoteError.behind` where the remote has builds that are not here.
    init(of recipes: [String], from store: Store, to remote: RemoteRepository) throws {
        (self.store, self.remote) = (store, remote)
        ours = try store.openRepository()
        let theirs = try remote.references(seenFrom: ours)
        before = Dictionary(theirs.map { ($0.name, $0.object) }, uniquingKeysWith: { first, _ in first })
        var updates: [ReferenceChange] = []
        var kept: [ReferenceChange] = []
        var behind: [String] = []
        for (name, commit) in try Self.references(of: recipes, in: ours) {
            guard let old = before[name] else {
                updates.append(ReferenceChange(name: name, step: .created, commit: commit))
                continue
            }
            if old == commit { continue }
            guard !name.hasPrefix(WitnessCommit.references) else {
                kept.append(
                    ReferenceChange(
                        name: name, step: .kept, commit: old, reason: "the remote's names another commit than its own"))
                continue
            }
            let isHere = GitRepository.id(old.hex).flatMap(ours.type) == GIT_OBJECT_COMMIT
            let isForward = try isHere && ours.contains(commit, old)
            switch try SharedReference(name, naming: commit).kind {
            case .branch where isForward, .runNotes where isForward:
                updates.append(ReferenceChange(name: name, step: .forwarded, commit: commit))
            case .branch where !isHere && remote.hasForeign(old):
                throw RemoteError.rejected(
                    remote: remote.label, reference: name,
                    reason: "there is a branch of this name that is no build of Decant's; give the recipe another 'name:'")
            case .branch:
                if try !(isHere && ours.contains(old, commit)) { behind.append(name) }
            case .runNotes:
                kept.append(
                    ReferenceChange(name: name, step: .kept, commit: old, reason: "the remote has notes that are not here"))
            case .tag:
                kept.append(
                    ReferenceChange(name: name, step: .kept, commit: old, reason: "the remote's tag names something else"))
            // The first commit that an action's ref names stays, on both sides.
            case .action: continue
            }
        }
        guard behind.isEmpty else { throw RemoteError.behind(remote: remote.label, references: behind) }
        (self.updates, self.kept) = (updates, kept)
        do {
            objects = try Self.objects(of: updates.map(\.commit), without: theirs.map(\.object), in: ours).map {
                OutgoingObject(digest: $0.digest, size: $0.size, isRequired: $0.isRequired, file: store.object($0.digest)?.url)
            }
        } catch let refusals as Refusals {
            throw RemoteError.unfit(remote: remote.label, refusals: refusals.all)
        }
    }

    /// Sends commits and moves the refs. The objects must be there already, so that no ref names what is missing.
    ///
    /// - Returns: what the remote's hooks said.
    func finish() throws -> [String] {
        guard !updates.isEmpty else { return [] }
        switch remote {
        case .server(let url, let login):
            try ours.requireIntactClosure(of: updates.map(\.commit), without: Set(before.values))
            try ServerConnection(url: url, login: login, limits: ReceivingLimits())
                .push(updates.map { "\($0.name):\($0.name)" }, from: ours)
            return []
        case .neighbour(let path):
            return try give(to: NeighbourRepository(at: path))
        }
    }

    private func give(to neighbour: NeighbourRepository) throws -> [String] {
        let repository = neighbour.repository
        if let branch = updates.first(where: { repository.checksOut($0.name) }) {
            throw RemoteError.rejected(
                remote: remote.label, reference: branch.name,
                reason: "it is checked out in that working tree; push to a bare repository (`git init --bare`)")
        }
        let permissions = Permissions(ofRepositoryAt: neighbour.folder)
        defer { withExtendedLifetime(permissions) {} }
        let hooks = RemoteHooks(of: neighbour.folder)
        var said: [String] = []
        if hooks.names.isEmpty {
            try Store.writing(toRepositoryAt: neighbour.folder) {
                try neighbour.take(updates.map(\.commit), from: ours)
                try repository.refresh()
                for update in updates {
                    guard try repository.moveReference(update.name, from: before[update.name], to: update.commit) else {
                        throw RemoteError.behind(remote: remote.label, references: [update.name])
                    }
                }
            }
        } else {
            try ours.requireIntactClosure(of: updates.map(\.commit), without: Set(before.values))
            said = try hooks.push(updates, from: URL(fileURLWithPath: String(cString: git_repository_path(ours.pointer))))
            try repository.refresh()
        }
        if let branch = updates.first(where: { $0.name.hasPrefix("refs/heads/") }),
            git_repository_is_bare(repository.pointer) == 1
        {
            try Store.writing(toRepositoryAt: neighbour.folder) { try repository.adoptHead(branch.name) }
        }
        return said
    }

    // MARK: What belongs to a push

    private static func references(
        of recipes: [String], in ours: GitRepository
    ) throws -> [(name: String, commit: CommitID)] {
        var names: [String]
        if recipes.isEmpty {
            names = ["refs/heads/", "refs/tags/", "refs/decant/actions/"].flatMap { prefix in
                (try? ours.references(startingWith: prefix)) ?? []
            }
            names += try ours.witnesses(ofAny: { _ in true })
        } else {
            names = recipes.map { BuildCommit.branches + $0 }
            var keys: Set<Digest> = []
            try ours.walk(try names.compactMap(ours.target)) { commit throws(StoreError) in
                if let record = try StageCommit.read(commit.id, from: ours) { keys.insert(record.action.key) }
                return true
            }
            names += keys.sorted().map(StageCommit.reference)
            names += try ours.witnesses(ofAny: keys.contains)
        }
        names.append(RunNotes.reference)
        return try names.compactMap { name in try ours.named(by: name).map { (name, $0) } }
    }

    /// Files that git names only by pointers. What only older builds were made of may have been collected here: then the push
    /// goes on without it.
    private static func objects(
        of tips: [CommitID], without known: [CommitID], in ours: GitRepository
    ) throws -> [(digest: Digest, size: Int, isRequired: Bool)] {
        var objects: [Digest: (size: Int, isRequired: Bool)] = [:]
        var refusals: [Refusal] = []
        try ours.walk(tips, without: Set(known)) { commit throws(StoreError) in
            guard let record = try StageCommit.read(commit.id, from: ours) else { return true }
            // Whoever takes the remote in would refuse all of it for this.
            if let fault = record.fault { refusals.append(Refusal(subject: "the stage commit \(commit.id)", reason: fault)) }
            let isCollected = try ours.target(of: StageCommit.reference(for: record.action.key)) == nil
            for file in try ours.pointers(of: record) {
                objects[file.digest] = (file.size, !isCollected || objects[file.digest]?.isRequired == true)
            }
            return true
        }
        guard refusals.isEmpty else { throw Refusals(all: refusals) }
        return objects.map { ($0.key, $0.value.size, $0.value.isRequired) }.sorted { $0.0 < $1.0 }
    }
}

extension GitRepository {
    /// Refs of the witnesses of some actions; what is no witness is not sent.
    fileprivate func witnesses(ofAny isWanted: (Digest) -> Bool) throws(StoreError) -> [String] {
        try references(startingWith: WitnessCommit.references).filter { name in
            (try? witness(ofReference: name))?.statements.contains { isWanted($0.action) } ?? false
        }
    }

    /// Whether a working tree shows this branch.
    fileprivate func checksOut(_ branch: String) -> Bool {
        guard git_repository_is_bare(pointer) == 0 else { return false }
        var head: OpaquePointer?
        guard git_reference_lookup(&head, pointer, "HEAD") == 0 else { return false }
        defer { git_reference_free(head) }
        return git_reference_symbolic_target(head).map { String(cString: $0) } == branch
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
        let said = try sending.finish()
        let isAction = { (change: ReferenceChange) in change.name.hasPrefix("refs/decant/actions/") }
        let isWitness = { (change: ReferenceChange) in change.name.hasPrefix(WitnessCommit.references) }
        return ExchangeSummary(
            remote: remote.label, changes: sending.updates.filter { !isAction($0) && !isWitness($0) } + sending.kept,
            actions: sending.updates.count(where: isAction), witnesses: sending.updates.count(where: isWitness),
            objects: tally.total.objects, bytes: tally.total.bytes,
            said: said)
    }
}
