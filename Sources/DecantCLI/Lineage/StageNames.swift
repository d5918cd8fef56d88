import Store

/// What builds call stage commits.
struct StageNames {
    private var names: [CommitID: String] = [:]

    init(_ build: StoredBuild?) {
        for stage in build?.stages ?? [] where names[stage.commit] == nil { names[stage.commit] = stage.name }
    }

    /// The names in the build that an artifact is of: that which it was named in, else the newest that has it.
    init(around target: StoredTarget, in store: Store) throws {
        self.init(try target.build ?? store.build(with: target.record.commit))
    }

    mutating func add(_ other: StageNames) { names.merge(other.names) { first, _ in first } }

    /// The commit's first digits where no build is known to have it.
    subscript(commit: CommitID) -> String { names[commit] ?? commit.short }
    func name(of commit: CommitID) -> String? { names[commit] }
}
