import BuildModel
import CanonicalJSON
import Foundation
import Store

/// An artifact in the store as a person names it: a stage or a target of a build, a tag, or a commit.
struct StoredTarget {
    var name: String
    var record: StageRecord
    /// The build that it was found in; `nil` for one that is named by its commit or a tag.
    var build: StoredBuild?

    /// Resolves `student.kd` and a target's name in the recipes' last builds, `BUILD:student.kd` in that build, a tag of a
    /// stage, or a commit id of at least seven digits.
    init(_ reference: String, in store: Store) throws {
        if let found = try Self.find(reference, in: store) {
            self = found
            return
        }
        if let build = try store.findBuild(reference) {
            throw CommandFailure.badInput(
                "'\(reference)' is a build of \(build.recipe); name one of its targets: "
                    + build.targets.map { "\(reference):\($0.name)" }.joined(separator: ", "))
        }
        throw CommandFailure.badInput(
            "no recipe's last build has a stage or target '\(reference)', and no commit starts with it")
    }

    /// As `init`, but `nil` where nothing has this name.
    static func find(_ reference: String, in store: Store) throws -> StoredTarget? {
        let matches = try matches(for: reference, in: store)
        if let first = matches.first {
            guard Set(matches.map(\.commit)).count == 1 else {
                throw CommandFailure.badInput(
                    "'\(reference)' is ambiguous: " + matches.map { "\($0.build.recipe):\($0.name)" }.joined(separator: ", "))
            }
            guard let record = try store.stageCommit(first.commit.hex) else {
                throw CommandFailure.badInput("the commit \(first.commit) of '\(reference)' is not in this store", hint: "fsck")
            }
            return StoredTarget(name: "\(first.build.recipe):\(first.name)", record: record, build: first.build)
        }
        if let tag = try store.tag(reference), let record = try store.stageCommit(tag.commit.hex) {
            return StoredTarget(name: tag.name, record: record)
        }
        guard reference.isCommitPrefix, let record = try store.stageCommit(reference) else { return nil }
        return StoredTarget(name: String(record.commit.hex.prefix(12)), record: record)
    }

    private init(name: String, record: StageRecord, build: StoredBuild? = nil) {
        self.name = name
        self.record = record
        self.build = build
    }

    private static func matches(
        for reference: String, in store: Store
    ) throws -> [(build: StoredBuild, name: String, commit: CommitID)] {
        let builds = try store.recipes().compactMap { try store.build(of: $0) }
        let plain = builds.compactMap { build in build.commit(of: reference).map { (build, reference, $0) } }
        if !plain.isEmpty { return plain }
        // Stages' names may hold a colon, the names of builds hold none.
        guard let colon = reference.firstIndex(of: ":"), let build = try store.findBuild(String(reference[..<colon])) else {
            return []
        }
        let name = String(reference[reference.index(after: colon)...])
        return build.commit(of: name).map { [(build, name, $0)] } ?? []
    }
}

extension String {
    /// Whether it may be the beginning of a commit's id.
    var isCommitPrefix: Bool { (7...40).contains(utf8.count) && utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit } }
}
