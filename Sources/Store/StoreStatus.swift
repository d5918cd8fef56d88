import BuildModel
import CanonicalJSON
import Foundation

/// What a store holds, at a glance.
package struct StoreStatus: Sendable {
    /// Work on an action that has no result yet.
    package struct Work: Sendable {
        package var key: Digest
        package var kind: String
        /// Whether a process is at it now.
        package var isRunning: Bool
        /// Bytes of the checkpoint that the next run goes on from; 0 where there is none.
        package var checkpointSize: Int
        package var changed: Date
    }

    package struct Recipe: Sendable {
        package var name: String
        /// The newest.
        package var build: StoredBuild
    }

    package var path: String
    package var objects: Int
    /// Bytes of all objects.
    package var size: Int
    /// Actions that have a result.
    package var results: Int
    package var recipes: [Recipe]
    package var work: [Work]
}

extension Store {
    package func status() throws(StoreError) -> StoreStatus {
        let objects = try layout.entries(below: layout.objects)
        var recipes: [StoreStatus.Recipe] = []
        for name in try self.recipes() {
            if let build = try build(of: name) { recipes.append(.init(name: name, build: build)) }
        }
        let results = try repository.withLock { repository throws(StoreError) in
            try repository.references(startingWith: StageCommit.references).count
        }
        return StoreStatus(
            path: layout.root.path, objects: objects.count, size: objects.reduce(0) { $0 + $1.size }, results: results,
            recipes: recipes, work: work())
    }

    /// Where work on an action lies that has no result yet, and whether a process is at it; `nil` where there is none. It may
    /// change while it is read.
    package func unfinishedWork(on key: Digest) -> (directory: URL, isRunning: Bool)? {
        let directory = layout.scratch.appending(path: key.hex, directoryHint: .isDirectory)
        guard FileManager.default.fileExists(atPath: directory.appending(path: "action.json").path) else { return nil }
        return (directory, FileLock.isHeld(layout.scratch.appending(path: key.hex + ".lock")))
    }

    /// What lies in scratch directories.
    private func work() -> [StoreStatus.Work] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: layout.scratch.path)) ?? []).sorted()
        return names.compactMap { name in
            let folder = layout.scratch.appending(path: name, directoryHint: .isDirectory)
            guard let key = Digest(hex: name), let entry = layout.entry(folder)?.entry,
                let action = try? JSON(parsing: Data(contentsOf: folder.appending(path: "action.json")))
            else { return nil }
            let isRunning = FileLock.isHeld(layout.scratch.appending(path: name + ".lock"))
            // A file that is not whole yet is hidden.
            let files = (try? layout.entries(below: folder.appending(path: "checkpoint"))) ?? []
            let checkpoint = files.filter { !$0.name.hasPrefix(".") }
            return StoreStatus.Work(
                key: key, kind: action["kind"]?.string ?? "?", isRunning: isRunning,
                checkpointSize: checkpoint.reduce(0) { $0 + $1.size }, changed: checkpoint.map(\.changed).max() ?? entry.changed
            )
        }
    }
}
