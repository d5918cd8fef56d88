import BuildModel
import CanonicalJSON
import Foundation

/// What a store holds, at a glance.
public struct StoreStatus: Sendable {
    /// Work on an action that has no result yet.
    public struct Work: Sendable {
        public var key: Digest
        public var kind: String
        /// Whether a process is at it now.
        public var isRunning: Bool
        /// Bytes of the checkpoint that the next run goes on from; 0 where there is none.
        public var checkpointSize: Int
        public var changed: Date
    }

    public struct Recipe: Sendable {
        public var name: String
        /// The newest.
        public var build: BuildEntry
    }

    public var path: String
    public var objects: Int
    /// Bytes of all objects.
    public var size: Int
    /// Actions that have a result.
    public var results: Int
    public var recipes: [Recipe]
    public var work: [Work]
}

extension Store {
    public func status() throws(StoreError) -> StoreStatus {
        let objects = layout.entries(below: layout.objects)
        var recipes: [StoreStatus.Recipe] = []
        for name in try self.recipes() {
            if let build = try builds(of: name).first { recipes.append(.init(name: name, build: build)) }
        }
        let results = try repository.withLock { repository throws(StoreError) in
            try repository.references(startingWith: StageCommit.references).count
        }
        return StoreStatus(
            path: layout.root.path, objects: objects.count, size: objects.reduce(0) { $0 + $1.size }, results: results,
            recipes: recipes, work: work())
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
            let checkpoint = layout.entries(below: folder.appending(path: "checkpoint"))
            return StoreStatus.Work(
                key: key, kind: action["kind"]?.string ?? "?", isRunning: isRunning,
                checkpointSize: checkpoint.reduce(0) { $0 + $1.size }, changed: checkpoint.map(\.changed).max() ?? entry.changed)
        }
    }
}
