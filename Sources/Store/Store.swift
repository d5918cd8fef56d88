import BuildModel
import Foundation
import Synchronization

/// The content-addressed files, the action results and the git lineage of a directory.
///
/// Every write is atomic: objects appear by renaming a finished file, commits before the refs that name them. Several
/// processes may use one store.
package final class Store: Sendable {
    let layout: StoreLayout
    let objects: ObjectStore
    let index: Index
    /// libgit2's handles are not safe for two threads at once.
    let repository: Mutex<GitRepository>
    /// Held as long as this value exists: no other process removes anything meanwhile. `nil` where there is no such file, and
    /// who opened the store cannot make it.
    let useLock: FileLock?
    /// Why nothing can be written; `nil` where all can.
    let obstacle: StoreError?
    /// What those who share the store agreed on.
    private let permissions: Permissions?
    let pending = PendingCommits()
    /// Of the index; `nil` outside of a prepared build.
    let snapshot = Mutex<IndexSnapshot?>(nil)

    /// Opens the store in a directory, or makes one there. One that may only be read is opened for reading, without locks that
    /// have to be written.
    package init(at directory: URL) throws(StoreError) {
        layout = StoreLayout(root: directory)
        objects = ObjectStore(layout: layout)
        obstacle = layout.obstacle
        permissions = obstacle == nil ? Permissions(ofRepositoryAt: layout.repository) : nil
        guard obstacle == nil else {
            useLock = FileLock(reading: layout.useLock)
            index = try Index(copying: layout.index)
            repository = Mutex(try GitRepository(at: layout.repository))
            return
        }
        try Self.claim(layout.root)
        useLock = try FileLock(layout.useLock, .shared)
        let parts = try layout.writing { [layout] () throws(StoreError) in try Self.open(layout) }
        index = parts.index
        repository = Mutex(parts.repository)
    }

    deinit {
        guard !pending.isEmpty else { return }
        try? writing { repository throws(StoreError) in pending.settle(in: repository) }
    }

    /// - Throws: where the store may only be read.
    func requireWritable() throws(StoreError) { if let obstacle { throw obstacle } }

    /// Whether a directory is a store already.
    package static func isThere(at directory: URL) -> Bool {
        FileManager.default.fileExists(atPath: StoreLayout(root: directory).repository.path)
    }

    /// Whether less is free on a folder's disk than a file needs.
    package static func isOnFullDisk(_ folder: URL) -> Bool {
        var disk = statvfs()
        guard statvfs(folder.path, &disk) == 0 else { return false }
        return disk.f_bavail * UInt(disk.f_frsize) < 64 << 10
    }

    private static func open(_ layout: StoreLayout) throws(StoreError) -> (index: Index, repository: GitRepository) {
        try GitRepository.make(at: layout.repository, in: layout.newRepository)
        let repository = try GitRepository(at: layout.repository)
        try prepare(layout)
        let isKnown = FileManager.default.fileExists(atPath: layout.identity.path)
        let index = try Index(at: layout.index)
        if try index.adopt(repository: identity(of: layout)) { try restoreDurations(into: index, from: repository) }
        GitArrivals.name(in: layout, repository, isForeign: !isKnown)
        return (index, repository)
    }

    /// A name for the repository, given when it is first opened: an index that was made of another one is of no use.
    private static func identity(of layout: StoreLayout) throws(StoreError) -> String {
        if let known = try? String(contentsOf: layout.identity, encoding: .utf8), !known.isEmpty { return known }
        let new = UUID().uuidString
        try StoreError.onWriting(layout.identity.path) { try Data(new.utf8).write(to: layout.identity, options: .atomic) }
        return new
    }

    /// Makes the directory, unless it holds something else.
    private static func claim(_ root: URL) throws(StoreError) {
        let content = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        let ours: Set = [".gitignore", "lineage.new", "write.lock", "use.lock"]
        guard content.allSatisfy(ours.contains) || content.contains("lineage.git")
        else {
            throw .notAStore(path: root.path)
        }
        try DurableFolder.make(root)
    }

    private static func prepare(_ layout: StoreLayout) throws(StoreError) {
        for folder in [layout.objects, layout.incoming, layout.scratch] { try DurableFolder.make(folder) }
        if !FileManager.default.fileExists(atPath: layout.ignoreFile.path) {
            try StoreError.onWriting(layout.root.path) { try Data("*\n".utf8).write(to: layout.ignoreFile, options: .atomic) }
        }
    }

    private static func restoreDurations(into index: Index, from repository: GitRepository) throws(StoreError) {
        // How long things took is no reason not to open a store: `fsck` names damaged notes.
        for run in (try? RunNotes.all(in: repository)) ?? [] {
            guard let record = try StageCommit.read(run.commit, from: repository) else { continue }
            let action = record.action
            try index.remember(seconds: run.note.seconds, kind: action.historicKind, key: action.key, work: nil)
        }
    }

    /// Runs a body on the repository while no other process moves refs.
    func writing<Value>(
        _ body: (inout sending GitRepository) throws(StoreError) -> sending Value
    ) throws(StoreError) -> sending Value {
        try requireWritable()
        return try repository.withLock { repository throws(StoreError) in
            let lock = try WriteLock(layout.writeLock, repository: layout.repository)
            defer { withExtendedLifetime(lock) {} }
            do throws(StoreError) {
                return try body(&repository)
            } catch {
                throw layout.namingFullDisk(error)
            }
        }
    }

    /// Runs a body while no other process moves the refs of another repository. A store's repository has its locks beside it.
    package static func writing<Value>(toRepositoryAt folder: URL, _ body: () throws -> Value) throws -> Value {
        let layout = StoreLayout(root: folder.deletingLastPathComponent())
        let isStore = FileManager.default.fileExists(atPath: folder.appending(path: layout.identity.lastPathComponent).path)
        let lock = try WriteLock(isStore ? layout.writeLock : nil, repository: folder)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    /// Whether no ref names anything: nothing was built, received or tagged.
    package func isEmpty() throws(StoreError) -> Bool {
        try repository.withLock { repository throws(StoreError) in try repository.references(startingWith: "refs/").isEmpty }
    }

    /// A handle on the lineage of its own, so that builds of this process go on meanwhile.
    package func openRepository() throws(StoreError) -> GitRepository { try GitRepository(at: layout.repository) }
}

/// Where everything lies below the store's directory.
struct StoreLayout: Sendable {
    let root: URL

    var repository: URL { root.appending(path: "lineage.git", directoryHint: .isDirectory) }
    /// Where the repository is made.
    var newRepository: URL { root.appending(path: "lineage.new", directoryHint: .isDirectory) }
    var objects: URL { repository.appending(path: "lfs/objects", directoryHint: .isDirectory) }
    /// Files on their way in. On the objects' file system, so that a rename moves them.
    var incoming: URL { repository.appending(path: "lfs/incoming", directoryHint: .isDirectory) }
    /// Damaged objects that were moved aside.
    var damaged: URL { repository.appending(path: "lfs/damaged", directoryHint: .isDirectory) }
    /// Tells this repository from another one at its place.
    var identity: URL { repository.appending(path: "decant-id") }
    /// Held while refs move.
    var writeLock: URL { root.appending(path: "write.lock") }
    /// Shared by every process that uses the store; exclusive for a process that removes something from it.
    var useLock: URL { root.appending(path: "use.lock") }
    var index: URL { root.appending(path: "index.sqlite") }
    var scratch: URL { root.appending(path: "scratch", directoryHint: .isDirectory) }
    /// What models behind servers answered: a journal each.
    var recordings: URL { root.appending(path: "recordings", directoryHint: .isDirectory) }
    var ignoreFile: URL { root.appending(path: ".gitignore") }

    var packs: URL { repository.appending(path: "objects/pack", directoryHint: .isDirectory) }
    /// The file of a git object that is in no pack.
    func gitObject(_ id: String) -> URL { repository.appending(path: "objects/\(id.prefix(2))/\(id.dropFirst(2))") }

    /// `lfs/objects/aa/bb/<sha256>`, as Git LFS has it.
    func object(_ digest: Digest) -> URL { ObjectFolder(objects).place(of: digest) }

    /// Repositories of what has come and is not trusted yet, one a process.
    var quarantine: URL { root.appending(path: "quarantine", directoryHint: .isDirectory) }
    /// The heads of branches whose stage commits have been looked at, and those stage commits that wait for their files.
    var adopted: URL { repository.appending(path: "decant-adopted") }

    /// Runs a body while no other process moves refs.
    func writing<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let lock = try WriteLock(writeLock, repository: repository)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    /// Libgit2 says of a full disk that something is missing.
    func namingFullDisk(_ error: StoreError) -> StoreError {
        guard case .git(let operation, let reason) = error, Store.isOnFullDisk(repository) else { return error }
        return .git(operation: operation, reason: "\(reason); no space left on the disk of \(repository.path)")
    }

    /// Why a store that is there cannot be written by who asks; `nil` where it can, or where there is none.
    var obstacle: StoreError? {
        guard access(repository.appending(path: "HEAD").path, F_OK) == 0 else { return nil }
        for place in [root, repository, useLock, writeLock, index] {
            // The effective user counts, and a file that is not there can be made where its folder can be written.
            guard faccessat(AT_FDCWD, place.path, W_OK, AT_EACCESS) != 0, errno != ENOENT else { continue }
            let isDenied = errno == EACCES
            let fix = isDenied ? "; its owner can run `chmod g+w \(ShellWord(place.path))`" : ""
            return .readOnly(path: root.path, reason: "\(place.path): \(StoreError.systemReason)\(fix)")
        }
        return nil
    }
}
