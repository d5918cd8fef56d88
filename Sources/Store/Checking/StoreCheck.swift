import BuildModel
import CLibgit2

/// What a check of the whole store found.
package struct StoreCheck: Sendable {
    /// Files in the object store.
    package internal(set) var objects = 0
    /// Stage commits that a ref reaches.
    package internal(set) var commits = 0
    /// Of those, the ones whose artifacts were collected.
    package internal(set) var collected = 0
    /// In the order of discovery.
    package internal(set) var problems: [StoreProblem] = []

    init(_ store: Store, _ repository: GitRepository) throws(StoreError) {
        try checkObjects(store.layout)
        try checkGitObjects(store.layout, repository)
        try checkReferenceFiles(store.layout, repository)
        try checkReferences(repository)
        try checkHead(store.layout, repository)
        try checkCommits(store.objects, repository)
        checkIndex(store.index)
        try checkRecordings(store.layout)
    }

    /// Every line of the journals against its digest.
    private mutating func checkRecordings(_ layout: StoreLayout) throws(StoreError) {
        for path in files(below: layout.recordings) where path.hasSuffix(".jsonl") {
            let file = layout.recordings.appending(path: path)
            let damaged = try Journal.read(file) { _ in }
            if !damaged.isEmpty { problems.append(.damagedRecording(path: file.path, lines: damaged)) }
        }
    }

    /// Every git object against its id.
    private mutating func checkGitObjects(_ layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        let packs = files(below: layout.packs).filter { $0.hasSuffix(".pack") || $0.hasSuffix(".idx") }
        let broken = packs.filter { !Pack.isIntact(layout.packs.appending(path: $0)) }
        problems += broken.map { .damagedPack(path: layout.packs.appending(path: $0).path) }
        var damaged: [String] = []
        // libgit2 is not to be trusted with a damaged pack.
        guard broken.isEmpty else { return }
        try repository.forEachObject { id in
            if !repository.isIntact(id) { damaged.append(GitRepository.hex(id)) }
        }
        problems += damaged.sorted().map { id in
            let path = layout.gitObject(id).path
            return .damagedGitObject(id: id, path: isFile(path) ? path : nil)
        }
    }

    /// The index's own structure, and every row's seal.
    private mutating func checkIndex(_ index: Index) {
        do throws(StoreError) {
            if let reason = try index.damage() { problems.append(.damagedIndex(reason: reason)) }
        } catch {
            problems.append(.damagedIndex(reason: "\(error)"))
        }
    }
}
