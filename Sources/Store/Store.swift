import BuildModel
import CanonicalJSON
import Foundation
import Synchronization

/// The content-addressed files, the action results and the git lineage of a directory.
///
/// Every write is atomic: objects appear by renaming a finished file, commits before the refs that name them. Several
/// processes may use one store.
public final class Store: Sendable {
    private let layout: StoreLayout
    private let objects: ObjectStore
    private let index: Index
    /// libgit2's handles are not safe for two threads at once.
    private let repository: Mutex<GitRepository>
    /// Of the index; `nil` where nobody asked for it.
    private let snapshot = Mutex<IndexSnapshot?>(nil)

    /// Opens the store in a directory, or makes one there.
    public init(at directory: URL) throws(StoreError) {
        layout = StoreLayout(root: directory)
        objects = ObjectStore(layout: layout)
        try Self.claim(layout.root)
        let parts = try layout.writeLock.held { [layout] () throws(StoreError) in try Self.open(layout) }
        index = parts.index
        repository = Mutex(parts.repository)
    }

    private static func open(_ layout: StoreLayout) throws(StoreError) -> (index: Index, repository: GitRepository) {
        try prepare(layout)
        let repository = try GitRepository(at: layout.repository)
        let index = try Index(at: layout.index)
        if try index.adopt(repository: identity(of: layout)) { try restoreDurations(into: index, from: repository) }
        return (index, repository)
    }

    /// A name for the repository, given when it is first opened: an index that was made of another one is of no use.
    private static func identity(of layout: StoreLayout) throws(StoreError) -> String {
        if let known = try? String(contentsOf: layout.identity, encoding: .utf8), !known.isEmpty { return known }
        let new = UUID().uuidString
        do {
            try Data(new.utf8).write(to: layout.identity, options: .atomic)
        } catch {
            throw .cannotWrite(path: layout.identity.path, reason: error.localizedDescription)
        }
        return new
    }

    /// Makes the directory, unless it is somebody else's.
    private static func claim(_ root: URL) throws(StoreError) {
        let content = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        guard content.allSatisfy({ [".gitignore", "write.lock"].contains($0) }) || content.contains("lineage.git") else {
            throw .notAStore(path: root.path)
        }
        do {
            try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: root.path, reason: error.localizedDescription)
        }
    }

    private static func prepare(_ layout: StoreLayout) throws(StoreError) {
        let files = FileManager.default
        do {
            for folder in [layout.objects, layout.incoming, layout.scratch] {
                try files.createDirectory(at: folder, withIntermediateDirectories: true)
            }
            if !files.fileExists(atPath: layout.ignoreFile.path) { try Data("*\n".utf8).write(to: layout.ignoreFile) }
        } catch {
            throw .cannotWrite(path: layout.root.path, reason: error.localizedDescription)
        }
    }

    private static func restoreDurations(into index: Index, from repository: GitRepository) throws(StoreError) {
        for run in try RunNotes.seconds(in: repository) {
            guard let record = try StageCommit.read(run.commit, from: repository) else { continue }
            try index.remember(seconds: run.seconds, kind: record.action.kind, key: record.action.key, work: nil)
        }
    }

    // MARK: Files

    /// The digest of a file outside the store; a file that has not changed since is not read again.
    public func digest(ofFileAt path: String) throws(StoreError) -> Digest {
        if let stamp = FileStamp(path: path), let known = try index.digest(of: stamp) { return known }
        let before = FileStamp(path: path)
        let isSettled = before.map { !$0.isRecent } ?? false
        let digest = try DurableFile.digest(of: path).digest
        if let before, isSettled, before == FileStamp(path: path) { try index.remember(before, digest: digest) }
        return digest
    }

    /// Takes a copy of a file in; its path in the result is its last component.
    public func importFile(at path: String) throws(StoreError) -> Artifact.File {
        let (digest, size) = try objects.importFile(at: path)
        return Artifact.File(path: URL(fileURLWithPath: path).lastPathComponent, size: size, digest: digest)
    }

    /// Takes every file below a directory in.
    public func importDirectory(_ directory: URL) throws(StoreError) -> Artifact { try objects.importDirectory(directory) }

    /// Where an object lies and how many bytes it has; `nil` where it is absent.
    public func object(_ digest: Digest) -> (url: URL, size: Int)? { objects.object(digest) }

    /// An object's bytes, verified.
    public func readObject(_ digest: Digest) throws(StoreError) -> Data { try objects.read(digest) }

    /// A writable copy of an object outside the store, verified.
    public func copyObject(_ digest: Digest, to destination: URL) throws(StoreError) { try objects.copy(digest, to: destination) }

    /// Lays an artifact's files out in a directory, read-only.
    public func materialize(_ artifact: Artifact, at directory: URL) throws(StoreError) {
        try objects.materialize(artifact, at: directory)
    }

    // MARK: Scratch

    /// An empty directory for this process's work on an action. What killed processes left there is removed.
    public func makeScratch(for key: Digest) throws(StoreError) -> URL {
        let folder = layout.scratch.appending(path: key.hex, directoryHint: .isDirectory)
        let directory = folder.appending(path: String(getpid()), directoryHint: .isDirectory)
        let files = FileManager.default
        for owner in (try? files.contentsOfDirectory(atPath: folder.path)) ?? [] {
            let isAlive = Int32(owner).map { $0 != getpid() && (kill($0, 0) == 0 || errno == EPERM) } ?? false
            if !isAlive { try? files.removeItem(at: folder.appending(path: owner)) }
        }
        do {
            try files.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: directory.path, reason: error.localizedDescription)
        }
        return directory
    }

    /// Removes this process's scratch directory of an action.
    public func removeScratch(for key: Digest) {
        let folder = layout.scratch.appending(path: key.hex, directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: folder.appending(path: String(getpid())))
        rmdir(folder.path)
    }

    // MARK: Results

    /// Reads what the index knows into memory, for a build of so many stages, and looks which of it is still there. It may run
    /// beside other work, and holds until `endPreparation`.
    public func prepare(for stages: Int) throws(StoreError) {
        guard snapshot.withLock({ $0 == nil }), var read = try index.snapshot(for: stages) else { return }
        read.results = read.results.filter { objects.holds($0.value) }
        snapshot.withLock { $0 = read }
    }

    /// Forgets what `prepare` read: another build looks anew.
    public func endPreparation() { snapshot.withLock { $0 = nil } }

    /// An action's result and the stage commit that it has with these parents, if all was there when the store was prepared.
    public func preparedResult(of key: Digest, parents: [CommitID]) -> (artifact: Artifact, commit: CommitID)? {
        let found = snapshot.withLock { snapshot -> (Artifact, IndexSnapshot.Commit)? in
            guard let artifact = snapshot?.results[key],
                let commit = snapshot?.commits[Self.identity(of: key, artifact, parents)]
            else { return nil }
            return (artifact, commit)
        }
        guard let (artifact, commit) = found, commit.isPinned || exists(commit.id) else { return nil }
        return (artifact, commit.id)
    }

    private func exists(_ commit: CommitID) -> Bool {
        repository.withLock { repository in GitRepository.id(commit.hex).map(repository.exists) ?? false }
    }

    /// What a stage commit is a pure function of.
    private static func identity(of key: Digest, _ artifact: Artifact, _ parents: [CommitID]) -> Digest {
        var bytes = Array(key.hex.utf8) + Array(artifact.digest.hex.utf8)
        for parent in parents { bytes += parent.hex.utf8 }
        return Digest(hashing: bytes)
    }

    /// What an action gave; `nil` where it never ran here or an object of its artifact is gone.
    public func result(of key: Digest) throws(StoreError) -> Artifact? {
        if let known = snapshot.withLock({ $0?.results[key] }), objects.holds(known) { return known }
        if let known = try index.result(of: key), objects.holds(known) { return known }
        let recorded = try repository.withLock { repository throws(StoreError) in
            try repository.target(of: StageCommit.reference(for: key)).flatMap { commit throws(StoreError) in
                try StageCommit.read(commit, from: repository)
            }
        }
        guard let recorded, recorded.action.key == key, objects.holds(recorded.artifact) else { return nil }
        try index.remember(result: recorded.artifact, of: key)
        return recorded.artifact
    }

    /// Pins an artifact as the action's result: mints its stage commit, names it by the action's key if nobody did before.
    public func record(_ action: Action, parents: [CommitID], artifact: Artifact) throws(StoreError) -> CommitID {
        let key = action.key
        let identity = Self.identity(of: key, artifact, parents)
        if let known = try index.commit(identity), exists(known) { return known }
        let commit = try repository.withLock { repository throws(StoreError) in
            try layout.writeLock.held { () throws(StoreError) in
                let commit = try StageCommit.write(
                    action, parents: parents, artifact: artifact, objects: objects, repository: repository)
                let isPinned = try repository.createReference(StageCommit.reference(for: key), to: commit)
                return IndexSnapshot.Commit(id: commit, isPinned: isPinned)
            }
        }
        try index.remember(commit: commit, identity)
        try index.remember(result: artifact, of: key)
        return commit.id
    }

    /// - Parameter work: floating-point operations that the run took, roughly, where they are known.
    public func noteRun(_ note: RunNote, of action: Action, commit: CommitID, work: Double? = nil) throws(StoreError) {
        try index.remember(seconds: note.seconds, kind: action.kind, key: action.key, work: work)
        try repository.withLock { repository throws(StoreError) in
            try layout.writeLock.held { () throws(StoreError) in try RunNotes.add(note, to: commit, in: repository) }
        }
    }

    /// How long actions ran here.
    public func durations() throws(StoreError) -> DurationHistory { try index.durations() }

    // MARK: Lineage

    /// A stage commit by its id, or by at least seven of its digits.
    public func stageCommit(_ reference: String) throws(StoreError) -> StageRecord? {
        try repository.withLock { repository throws(StoreError) in
            guard let id = repository.commitID(startingWith: reference) else { return nil }
            return try StageCommit.read(id, from: repository)
        }
    }

    /// Puts a build on its recipe's branch; one equal to the last adds nothing.
    public func recordBuild(_ build: BuildRecord) throws(StoreError) -> CommitID {
        let content = build.digest
        let known = try index.build(of: build.recipe, content: content)
        let commit = try repository.withLock { repository throws(StoreError) in
            if let known, try repository.target(of: BuildCommit.branches + build.recipe) == known { return known }
            return try layout.writeLock.held { () throws(StoreError) in
                try BuildCommit.write(build, objects: objects, repository: repository)
            }
        }
        if commit != known { try index.remember(build: commit, of: build.recipe, content: content) }
        return commit
    }

    /// The builds of a recipe, newest first.
    public func builds(of recipe: String) throws(StoreError) -> [BuildEntry] {
        try repository.withLock { repository throws(StoreError) in try BuildCommit.history(of: recipe, in: repository) }
    }

    /// Names of the recipes that were built here, sorted.
    public func recipes() throws(StoreError) -> [String] {
        try repository.withLock { repository throws(StoreError) in
            try repository.references(startingWith: BuildCommit.branches).map { String($0.dropFirst(BuildCommit.branches.count)) }
        }
    }

    /// The `plan.json` of a recipe's newest build.
    public func lastPlan(of recipe: String) throws(StoreError) -> JSON? {
        try repository.withLock { repository throws(StoreError) in
            guard let head = try repository.target(of: BuildCommit.branches + recipe), let commit = try repository.commit(head)
            else { return nil }
            return try BuildCommit.plan(of: commit, in: repository)
        }
    }

    /// Checks everything against its name and its neighbours.
    public func check() throws(StoreError) -> StoreCheck {
        try repository.withLock { repository throws(StoreError) in
            try StoreCheck(objects: objects, layout: layout, repository: repository)
        }
    }
}
