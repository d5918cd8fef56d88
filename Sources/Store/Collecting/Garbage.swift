import BuildModel
import CLibgit2
import Foundation

/// What a collection removes, or would remove.
package struct Garbage: Sendable {
    /// An action's result that nothing needs.
    package struct Result: Hashable, Sendable {
        package var kind: String
        package var key: Digest
        package var commit: CommitID
        /// Bytes of its artifact; some may belong to artifacts that stay.
        package var size: Int
    }

    package struct File: Hashable, Sendable {
        package var path: String
        /// Bytes.
        package var size: Int
    }

    /// Sorted by kind and key.
    package internal(set) var results: [Result] = []
    /// Witnesses of nothing but results that are gone.
    package internal(set) var witnesses: [CommitID] = []
    /// Objects, sorted.
    package internal(set) var objects: [File] = []
    /// Git objects outside packs that no ref reaches.
    package internal(set) var gitObjects: [File] = []
    /// What killed processes and repairs left: files on their way in, work in progress, damaged files.
    package internal(set) var leftovers: [File] = []
    /// Objects that stay, and their bytes.
    package internal(set) var keptObjects = 0
    package internal(set) var keptSize = 0

    /// Bytes that removing all of it frees.
    package var size: Int { (objects + gitObjects + leftovers).reduce(0) { $0 + $1.size } }
}

extension Store {
    /// Finds what no recent build, no newest build of a recipe and no tag needs.
    ///
    /// - Parameter cutoff: what is younger stays, whatever it is.
    package func garbage(before cutoff: Date) throws(StoreError) -> Garbage {
        try repository.withLock { repository throws(StoreError) in
            let kept = try Reachability(since: cutoff, in: repository)
            var garbage = Garbage()
            var objects = kept.objects
            for name in try repository.references(startingWith: StageCommit.references) {
                guard let target = try repository.target(of: name), let record = try StageCommit.read(target, from: repository)
                else { continue }
                if kept.keys.contains(record.action.key) || layout.written(name) >= cutoff {
                    // Another commit of the same action may be the one that is kept: the artifact is the same.
                    objects.formUnion(record.artifact.files.map(\.digest))
                } else {
                    garbage.results.append(
                        .init(kind: record.action.kind, key: record.action.key, commit: target, size: record.artifact.size))
                }
            }
            try addWitnesses(repository, before: cutoff, to: &garbage)
            garbage.results.sort { ($0.kind, $0.key.hex) < ($1.kind, $1.key.hex) }
            try addObjects(besides: objects, before: cutoff, to: &garbage)
            try addGitObjects(repository, before: cutoff, to: &garbage)
            addLeftovers(before: cutoff, to: &garbage)
            return garbage
        }
    }

    /// Removes what `garbage` found: names first, then what they named.
    ///
    /// - Throws: `StoreError.inUse` while another process uses the store: what it needs is not known here.
    package func collect(before cutoff: Date) throws(StoreError) -> Garbage {
        try requireWritable()
        guard useLock?.becomeExclusive() ?? false else { throw .inUse(path: layout.root.path) }
        var garbage = try garbage(before: cutoff)
        try writing { repository throws(StoreError) in
            for result in garbage.results { try repository.removeReference(StageCommit.reference(for: result.key)) }
            try PendingCommits.removeAll(in: repository)
            for witness in garbage.witnesses { try repository.removeReference(WitnessCommit.reference(of: witness)) }
            // A loss of power must not bring back a name of what is gone.
            try DurableFolder.flushAll(below: layout.repository.appending(path: "refs/decant"), filesToo: false)
            // Now that their refs are gone, more of git's objects have none.
            garbage.gitObjects = []
            try addGitObjects(repository, before: cutoff, to: &garbage)
        }
        try index.forget(results: garbage.results.map(\.key))
        try index.forgetCommits()
        for file in garbage.objects + garbage.gitObjects { try remove(file.path) }
        for file in garbage.leftovers { try? FileManager.default.removeItem(atPath: file.path) }
        return garbage
    }

    private func addWitnesses(
        _ repository: GitRepository, before cutoff: Date, to garbage: inout Garbage
    ) throws(StoreError) {
        let results = try repository.references(startingWith: StageCommit.references).compactMap(StageCommit.key)
        let kept = Set(results).subtracting(garbage.results.map(\.key))
        for name in try repository.references(startingWith: WitnessCommit.references) where layout.written(name) < cutoff {
            guard let witness = try? repository.witness(ofReference: name) else { continue }
            if !witness.statements.contains(where: { kept.contains($0.action) }) { garbage.witnesses.append(witness.commit) }
        }
    }

    private func remove(_ path: String) throws(StoreError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .cannotWrite(path: path, reason: StoreError.systemReason) }
        // Folders go when they are empty; the store makes them again.
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        if rmdir(folder.path) == 0 { rmdir(folder.deletingLastPathComponent().path) }
        DurableFolder.forgetAll()
    }

    private func addObjects(besides kept: Set<Digest>, before cutoff: Date, to garbage: inout Garbage) throws(StoreError) {
        for entry in try layout.entries(below: layout.objects) {
            let isKept = Digest(hex: entry.name).map(kept.contains) ?? false
            if isKept || entry.changed >= cutoff {
                garbage.keptObjects += 1
                garbage.keptSize += entry.size
            } else {
                garbage.objects.append(.init(path: entry.path, size: entry.size))
            }
        }
    }

    private func addGitObjects(
        _ repository: GitRepository, before cutoff: Date, to garbage: inout Garbage
    ) throws(StoreError) {
        let reachable = try repository.reachableObjects()
        for entry in try layout.entries(below: layout.repository.appending(path: "objects")) where entry.name.count == 38 {
            let id = entry.folder + entry.name
            guard GitRepository.id(id) != nil, !reachable.contains(id), entry.changed < cutoff else { continue }
            garbage.gitObjects.append(.init(path: entry.path, size: entry.size))
        }
    }

    private func addLeftovers(before cutoff: Date, to garbage: inout Garbage) {
        for folder in [layout.incoming, layout.damaged, layout.scratch] {
            for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() {
                let place = folder.appending(path: name)
                guard let entry = layout.entry(place)?.entry, entry.changed < cutoff || name.hasSuffix(".lock") else {
                    continue
                }
                let size = entry.size + ((try? layout.entries(below: place)) ?? []).reduce(0) { $0 + $1.size }
                garbage.leftovers.append(.init(path: place.path, size: size))
            }
        }
    }
}

extension StoreLayout {
    /// A file below the store.
    struct Entry {
        var path: String
        var name: String
        /// The name of its folder.
        var folder: String
        /// Bytes; 0 for a folder.
        var size: Int
        var changed: Date
    }

    /// All files below a folder, which may be a link, sorted by path; none where there is no such folder.
    func entries(below folder: URL) throws(StoreError) -> [Entry] {
        try FolderListing(of: folder, followsLinks: true)?.paths().compactMap { path in
            entry(folder.appending(path: path)).flatMap { $0.isFolder ? nil : $0.entry }
        } ?? []
    }

    func entry(_ url: URL) -> (entry: Entry, isFolder: Bool)? {
        var status = stat()
        guard lstat(url.path, &status) == 0 else { return nil }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        let time = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        return (
            Entry(
                path: url.path, name: url.lastPathComponent, folder: url.deletingLastPathComponent().lastPathComponent,
                size: isFolder ? 0 : Int(status.st_size), changed: Date(timeIntervalSince1970: time)), isFolder
        )
    }

    /// When the file of a ref was written; long ago for one that is packed.
    func written(_ reference: String) -> Date { entry(repository.appending(path: reference))?.entry.changed ?? .distantPast }
}
