import Foundation
import Store

/// An artifact in the store as a person names it: a stage or a target of a build, a tag, or a commit.
struct StoredTarget {
    var name: String
    var record: StageRecord
    /// The build that it was found in; `nil` for one that is named by its commit or a tag.
    var build: StoredBuild?

    /// Resolves `student.kd` and a target's name in what was built of the recipes last, all of them or single stages,
    /// `BUILD:student.kd` in that build, a tag of a stage, or a commit id of at least seven digits.
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
            "nothing that was built last has a stage or target '\(reference)', and no commit starts with it")
    }

    /// As `init`, but `nil` where nothing has this name.
    static func find(_ reference: String, in store: Store) throws -> StoredTarget? {
        let matches = try matches(for: reference, in: store)
        if let first = matches.first {
            guard Set(matches.map(\.record.commit)).count == 1 else {
                throw CommandFailure.badInput("'\(reference)' is ambiguous: " + matches.map(\.name).joined(separator: ", "))
            }
            return first
        }
        if let tag = try store.tag(reference), let record = try store.stageCommit(tag.commit.hex) {
            return StoredTarget(name: tag.name, record: record)
        }
        guard reference.isCommitPrefix, let record = try store.stageCommit(reference) else { return nil }
        return StoredTarget(name: String(record.commit.hex.prefix(12)), record: record)
    }

    private init(name: String, record: StageRecord, build: StoredBuild? = nil) {
        (self.name, self.record, self.build) = (name, record, build)
    }

    private static func matches(for reference: String, in store: Store) throws -> [StoredTarget] {
        let alone = try store.stagesBuiltAlone(named: reference)
        let builds = try store.recipes().filter { recipe in !alone.contains { $0.recipe == recipe } }
            .compactMap { try store.build(of: $0) }
        let plain =
            alone.map { StoredTarget(name: "\($0.recipe):\(reference)", record: $0.record) }
            + (try builds.compactMap { try target(reference, of: $0, in: store) })
        if !plain.isEmpty { return plain }
        // Stages' names may hold a colon, the names of builds hold none.
        guard let colon = reference.firstIndex(of: ":") else { return [] }
        let (owner, name) = (String(reference[..<colon]), String(reference[reference.index(after: colon)...]))
        if let found = try store.stagesBuiltAlone(named: name).first(where: { $0.recipe == owner }) {
            return [StoredTarget(name: reference, record: found.record)]
        }
        return try store.findBuild(owner).flatMap { try target(name, of: $0, in: store) }.map { [$0] } ?? []
    }

    private static func target(_ name: String, of build: StoredBuild, in store: Store) throws -> StoredTarget? {
        guard let commit = build.commit(of: name) else { return nil }
        guard let record = try store.stageCommit(commit.hex) else {
            throw CommandFailure.badInput("the commit \(commit) of '\(name)' is not in this store", hint: "fsck")
        }
        return StoredTarget(name: "\(build.recipe):\(name)", record: record, build: build)
    }
}

extension String {
    /// Whether it may be the beginning of a commit's id.
    var isCommitPrefix: Bool { (7...40).contains(utf8.count) && utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit } }
}

extension Store {
    /// The build that a person names: a recipe for its newest, a tag, or at least seven digits of a commit, each with `~N` for
    /// the N-th build before it. `nil` where nothing has this name.
    func findBuild(_ reference: String) throws -> StoredBuild? {
        guard let tilde = reference.lastIndex(of: "~") else { return try namedBuild(reference) }
        let digits = reference[reference.index(after: tilde)...]
        guard let steps = digits.isEmpty ? 1 : Int(digits), steps >= 0,
            let start = try namedBuild(String(reference[..<tilde]))
        else { return nil }
        var build = start
        for step in 0..<steps {
            guard let previous = try build.previous.flatMap({ try self.build($0) }) else {
                let count = "\(step) build\(step == 1 ? "" : "s")"
                throw CommandFailure.badInput(
                    "'\(reference)' goes back too far: '\(reference[..<tilde])' has \(count) before it",
                    hint: "log \(build.recipe)")
            }
            build = previous
        }
        return build
    }

    private func namedBuild(_ name: String) throws -> StoredBuild? {
        if try recipes().contains(name) { return try build(of: name) }
        if let tag = try tag(name) { return try build(tag.commit) }
        return name.isCommitPrefix ? try build(startingWith: name) : nil
    }
}

/// What a person may name: an artifact, or a whole build.
enum StoredReference {
    case build(StoredBuild)
    case target(StoredTarget)

    /// Stages and targets come first; `RECIPE~0` is a build whatever its stages are called.
    init(_ reference: String, in store: Store) throws {
        if let target = try StoredTarget.find(reference, in: store) {
            self = .target(target)
        } else if let build = try store.findBuild(reference) {
            self = .build(build)
        } else {
            throw CommandFailure.badInput(
                "'\(reference)' is no recipe, stage, target or tag of this store, and no commit starts with it", hint: "log")
        }
    }
}

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
