import BuildModel
import CLibgit2
import Foundation

/// Takes notice of builds that git itself brought: a push into this repository, a fetch, a bare clone put in its place.
///
/// Such a build may come without the refs of its actions. Every stage commit that it reaches, whose files are here and that
/// holds against the rules is named by its action, unless one is named so already. One without its files is looked at again
/// when the store is next opened: `git lfs fetch` may come after `git fetch`. Results that were collected look the same, and
/// stay unnamed.
enum Adoption {
    /// Looks at branches that moved since the last time. The caller holds the write lock. What is damaged is left as it is: to
    /// find it is the work of a check, and no reason not to open the store.
    static func adopt(in layout: StoreLayout, _ repository: GitRepository) {
        try? look(in: layout, repository)
    }

    private static func look(in layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        let heads = try repository.references(startingWith: BuildCommit.branches).compactMap { try? repository.target(of: $0) }
        let known = Set(
            ((try? String(contentsOf: layout.adopted, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init))
        let new = heads.filter { !known.contains($0.hex) }
        guard !new.isEmpty else { return }
        var unnamed: [CommitID] = []
        var isComplete = true
        let objects = ObjectStore(layout: layout)
        try repository.walk(new, without: known.map(CommitID.init(hex:))) { commit throws(StoreError) in
            guard let record = try? StageCommit.read(commit, from: repository),
                try repository.target(of: StageCommit.reference(for: record.action.key)) == nil
            else { return }
            if try repository.holds(record, in: objects) { unnamed.append(commit) } else { isComplete = false }
        }
        if !unnamed.isEmpty {
            try name(unnamed, in: layout, repository)
            if let branch = try repository.references(startingWith: BuildCommit.branches).first {
                try repository.adoptHead(branch)
            }
        }
        guard isComplete else { return }
        do {
            try Data((heads.map(\.hex).joined(separator: "\n") + "\n").utf8).write(to: layout.adopted, options: .atomic)
        } catch {
            throw .cannotWrite(path: layout.adopted.path, reason: error.localizedDescription)
        }
    }

    private static func name(_ commits: [CommitID], in layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        let quarantine = try Quarantine(for: layout, ours: repository)
        let empty = try Quarantine(for: layout, ours: repository, seesOurs: false)
        for commit in commits {
            // Each on its own: one that breaks a rule is left unnamed, and `fsck` names it.
            var inspection = Inspection(quarantine: quarantine.repository, ours: empty.repository, limits: ReceivingLimits())
            guard let record = try? inspection.stageCommit(commit) else { continue }
            _ = try repository.createReference(StageCommit.reference(for: record.action.key), to: commit)
        }
    }
}

extension StoreLayout {
    /// The heads of branches whose stage commits have been looked at, one a line.
    var adopted: URL { repository.appending(path: "decant-adopted") }
}
