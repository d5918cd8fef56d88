import CLibgit2
import Foundation

/// Makes the refs of actions for builds that git itself brought: by a push into this repository, by a fetch, or by a bare clone
/// in its place. Such builds may come without these refs.
///
/// A stage commit that such a build reaches gets its action's ref if its files are here, if it breaks no rule, and if the action
/// has no ref yet. A commit without its files is looked at again when the store is opened next: `git lfs fetch` may come after
/// `git fetch`. Results that were collected look the same, and get no ref.
enum GitArrivals {
    /// Looks at branches that moved since the last time. The caller holds the write lock. Damaged commits are left alone: to
    /// find them is the work of a check, and the store opens without them.
    ///
    /// - Parameter isForeign: whether no store has opened this repository before, so that all of it came from elsewhere.
    static func name(in layout: StoreLayout, _ repository: GitRepository, isForeign: Bool) {
        try? nameNew(in: layout, repository, isForeign)
    }

    private static func nameNew(
        in layout: StoreLayout, _ repository: GitRepository, _ isForeign: Bool
    ) throws(StoreError) {
        let heads = try repository.references(startingWith: BuildCommit.branches).compactMap { try? repository.target(of: $0) }
        let notice = Notice(at: layout.adopted)
        let new = heads.filter { !notice.heads.contains($0) }
        guard !new.isEmpty || !notice.waiting.isEmpty else { return }
        var unnamed = notice.waiting
        var builds: [CommitID] = []
        try repository.walk(new, without: notice.heads) { commit throws(StoreError) in
            if try commit.isStage(in: repository) { unnamed.insert(commit.id) } else { builds.append(commit.id) }
            return true
        }
        try mark(unnamed.subtracting(notice.waiting), builds, besides: notice.heads, isForeign, in: repository)
        let objects = ObjectStore(layout: layout)
        var waiting: Set<CommitID> = []
        var ready: [CommitID] = []
        for commit in unnamed.sorted() {
            guard let record = try? StageCommit.read(commit, from: repository),
                try repository.target(of: StageCommit.reference(for: record.action.key)) == nil
            else { continue }
            if try repository.holds(record, in: objects) { ready.append(commit) } else { waiting.insert(commit) }
        }
        if !ready.isEmpty {
            try name(ready, in: layout, repository)
            let branches = try repository.references(startingWith: BuildCommit.branches)
            if let branch = branches.first { try repository.adoptHead(branch) }
        }
        let next = Notice(heads: Set(heads), waiting: waiting)
        if next != notice { next.write(to: layout.adopted) }
    }

    /// Marks what a program of others brought: stage commits that no build which was made or received here has, and the builds
    /// that came with them. Refs of actions say nothing: `git fetch` and a push bring them along.
    ///
    /// - Parameter known: heads that were looked at before. Without any, builds may have been made here before anything looked;
    ///   then those count as foreign whose actions name no commit.
    private static func mark(
        _ stages: Set<CommitID>, _ builds: [CommitID], besides known: Set<CommitID>, _ isForeign: Bool,
        in repository: GitRepository
    ) throws(StoreError) {
        guard !stages.isEmpty || !builds.isEmpty else { return }
        var ours: Set<CommitID> = []
        try repository.walk(known.sorted()) { commit throws(StoreError) in ours.insert(commit.id).inserted }
        var foreign: [CommitID] = []
        for commit in stages.subtracting(ours).sorted() {
            guard let record = try? StageCommit.read(commit, from: repository) else { continue }
            if known.isEmpty, !isForeign, try repository.target(of: StageCommit.reference(for: record.action.key)) != nil {
                continue
            }
            foreign.append(commit)
        }
        guard !foreign.isEmpty || !known.isEmpty || isForeign else { return }
        try Arrivals.mark(foreign + builds, Arrival(from: Arrival.git), in: repository)
    }

    /// Notes a head whose stage commits are named: one that was built or received here.
    static func settle(_ head: CommitID, in layout: StoreLayout) {
        var notice = Notice(at: layout.adopted)
        if notice.heads.insert(head).inserted { notice.write(to: layout.adopted) }
    }

    private static func name(_ commits: [CommitID], in layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        let quarantine = try Quarantine(for: layout, ours: repository)
        let empty = try Quarantine(for: layout, ours: repository, seesOurs: false)
        for commit in commits {
            // Each on its own: one that breaks a rule is left unnamed, and `fsck` names it.
            var checked = CommitCheck(quarantine: quarantine.repository, ours: empty.repository, limits: ReceivingLimits())
            guard let record = try? checked.stageCommit(commit) else { continue }
            _ = try repository.createReference(StageCommit.reference(for: record.action.key), to: commit)
        }
    }
}

/// The commits that were looked at. If the file cannot be written, the next process looks at all of them again.
private struct Notice: Equatable {
    var heads: Set<CommitID> = []
    /// Stage commits whose files were not here.
    var waiting: Set<CommitID> = []

    init(heads: Set<CommitID>, waiting: Set<CommitID>) { (self.heads, self.waiting) = (heads, waiting) }

    /// One head per line; a question mark comes before a stage commit that waits for its files.
    init(at url: URL) {
        for line in ((try? String(contentsOf: url, encoding: .utf8)) ?? "").split(separator: "\n") {
            if line.hasPrefix("?") {
                waiting.insert(CommitID(hex: String(line.dropFirst())))
            } else {
                heads.insert(CommitID(hex: String(line)))
            }
        }
    }

    func write(to url: URL) {
        let lines = heads.sorted().map(\.hex) + waiting.sorted().map { "?" + $0.hex }
        try? Data((lines.joined(separator: "\n") + "\n").utf8).write(to: url, options: .atomic)
    }
}

extension GitCommit {
    fileprivate func isStage(in repository: GitRepository) throws(StoreError) -> Bool {
        try repository.entry("action.json", of: tree) != nil
    }
}
