import BuildModel
import CanonicalJSON
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
    /// Held as long as this value is there: nobody removes anything meanwhile.
    let useLock: FileLock
    /// Of the index; `nil` where nobody asked for it.
    let snapshot = Mutex<IndexSnapshot?>(nil)

    /// Opens the store in a directory, or makes one there.
    package init(at directory: URL) throws(StoreError) {
        layout = StoreLayout(root: directory)
        objects = ObjectStore(layout: layout)
        try Self.claim(layout.root)
        useLock = try FileLock(layout.useLock, .shared)
        let parts = try layout.writing { [layout] () throws(StoreError) in try Self.open(layout) }
        index = parts.index
        repository = Mutex(parts.repository)
    }

    private static func open(_ layout: StoreLayout) throws(StoreError) -> (index: Index, repository: GitRepository) {
        try GitRepository.make(at: layout.repository, in: layout.newRepository)
        let repository = try GitRepository(at: layout.repository)
        try prepare(layout)
        let index = try Index(at: layout.index)
        if try index.adopt(repository: identity(of: layout)) { try restoreDurations(into: index, from: repository) }
        Adoption.adopt(in: layout, repository)
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
        let ours: Set = [".gitignore", "lineage.new", "write.lock", "use.lock"]
        guard content.allSatisfy(ours.contains) || content.contains("lineage.git")
        else {
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
            if !files.fileExists(atPath: layout.ignoreFile.path) {
                try Data("*\n".utf8).write(to: layout.ignoreFile, options: .atomic)
            }
        } catch {
            throw .cannotWrite(path: layout.root.path, reason: error.localizedDescription)
        }
    }

    private static func restoreDurations(into index: Index, from repository: GitRepository) throws(StoreError) {
        // How long things took is no reason not to open a store: `fsck` names damaged notes.
        for run in (try? RunNotes.seconds(in: repository)) ?? [] {
            guard let record = try StageCommit.read(run.commit, from: repository) else { continue }
            try index.remember(seconds: run.seconds, kind: record.action.kind, key: record.action.key, work: nil)
        }
    }
}
