import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// A file that a pointer of a sent commit names.
package struct SentObject: Hashable, Sendable {
    package var digest: Digest
    /// Bytes.
    package var size: Int
    /// Whether nothing is sent without it. What only older builds were made of may have been collected here.
    package var isRequired: Bool
}

/// What a push would move: worked out from the remote's refs, sent by `finish` after the objects.
package final class Sending {
    private let store: Store
    private let remote: RemoteRepository
    private let ours: GitRepository
    /// Refs to create or to move forwards.
    package let updates: [ReferenceChange]
    /// Refs that stay as the remote has them, each with the reason.
    package let kept: [ReferenceChange]
    private let before: [String: CommitID]
    /// Files that pointers of the sent commits name, each once.
    package let objects: [SentObject]

    /// - Throws: `RemoteError.behind` where the remote has builds that are not here.
    package init(of recipes: [String], from store: Store, to remote: RemoteRepository) throws {
        self.store = store
        self.remote = remote
        ours = try GitRepository(at: store.layout.repository)
        let theirs = try store.references(of: remote)
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
            let isHere = GitRepository.id(old.hex).flatMap(ours.type) == GIT_OBJECT_COMMIT
            let isForward = try isHere && ours.contains(commit, old)
            switch try SharedReference(name) {
            case .branch where isForward, .runNotes where isForward:
                updates.append(ReferenceChange(name: name, step: .forwarded, commit: commit))
            case .branch:
                if try !(isHere && ours.contains(old, commit)) { behind.append(name) }
            case .runNotes:
                kept.append(
                    ReferenceChange(name: name, step: .kept, commit: old, reason: "the remote has notes that are not here"))
            case .tag:
                kept.append(
                    ReferenceChange(name: name, step: .kept, commit: old, reason: "the remote's tag names something else"))
            // The first who names an action's commit wins, there as here.
            case .action: continue
            }
        }
        guard behind.isEmpty else { throw RemoteError.behind(remote: remote.label, references: behind) }
        (self.updates, self.kept) = (updates, kept)
        objects = try Self.objects(of: updates.map(\.commit), without: theirs.map(\.object), in: ours)
    }

    /// Sends commits and moves the refs. The objects must be there already, so that no ref names what is missing.
    package func finish() throws {
        guard !updates.isEmpty else { return }
        switch remote {
        case .server(let url, let login):
            try ours.requireIntactClosure(of: updates.map(\.commit), without: Set(before.values))
            try ServerConnection(url: url, login: login, limits: ReceivingLimits())
                .push(updates.map { "\($0.name):\($0.name)" }, from: ours)
        case .neighbour(let path):
            try give(to: NeighbourRepository(at: path))
        }
    }

    private func give(to neighbour: NeighbourRepository) throws {
        let repository = neighbour.repository
        if let branch = updates.first(where: { repository.checksOut($0.name) }) {
            throw RemoteError.rejected(
                remote: remote.label, reference: branch.name,
                reason: "it is checked out in that working tree; push to a bare repository (`git init --bare`)")
        }
        try neighbour.take(updates.map(\.commit), from: ours)
        try repository.refresh()
        // The repository of a store has its locks beside it.
        let folder = neighbour.folder.deletingLastPathComponent()
        let isStore = FileManager.default.fileExists(atPath: neighbour.folder.appending(path: "decant-id").path)
        let locks = isStore ? [try FileLock(StoreLayout(root: folder).writeLock, .exclusive)] : []
        defer { withExtendedLifetime(locks) {} }
        for update in updates {
            guard try repository.moveReference(update.name, from: before[update.name], to: update.commit) else {
                throw RemoteError.behind(remote: remote.label, references: [update.name])
            }
        }
        if let branch = updates.first(where: { $0.name.hasPrefix("refs/heads/") }),
            git_repository_is_bare(repository.pointer) == 1
        {
            try repository.adoptHead(branch.name)
        }
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
        } else {
            names = recipes.map { BuildCommit.branches + $0 }
            var keys: Set<Digest> = []
            try ours.walk(try names.compactMap(ours.target)) { commit throws(StoreError) in
                if let record = try StageCommit.read(commit.id, from: ours) { keys.insert(record.action.key) }
                return true
            }
            names += keys.sorted().map(StageCommit.reference)
        }
        names.append(RunNotes.reference)
        return try names.compactMap { name in try ours.named(by: name).map { (name, $0) } }
    }

    private static func objects(
        of tips: [CommitID], without known: [CommitID], in ours: GitRepository
    ) throws -> [SentObject] {
        var objects: [Digest: SentObject] = [:]
        try ours.walk(tips, without: Set(known)) { commit throws(StoreError) in
            guard let record = try StageCommit.read(commit.id, from: ours),
                let tree = try ours.entry("artifact", of: commit.tree)
            else { return true }
            let isCollected = try ours.target(of: StageCommit.reference(for: record.action.key)) == nil
            // Git keeps the small texts itself.
            for file in record.artifact.files {
                guard let blob = try ours.entry(file.path, of: tree), LFSPointer(try ours.readBlob(blob)) != nil else {
                    continue
                }
                let isRequired = !isCollected || objects[file.digest]?.isRequired == true
                objects[file.digest] = SentObject(digest: file.digest, size: file.size, isRequired: isRequired)
            }
            return true
        }
        return objects.values.sorted { $0.digest < $1.digest }
    }
}

extension GitRepository {
    /// Whether a working tree shows this branch.
    fileprivate func checksOut(_ branch: String) -> Bool {
        guard git_repository_is_bare(pointer) == 0 else { return false }
        var head: OpaquePointer?
        guard git_reference_lookup(&head, pointer, "HEAD") == 0 else { return false }
        defer { git_reference_free(head) }
        return git_reference_symbolic_target(head).map { String(cString: $0) } == branch
    }
}
