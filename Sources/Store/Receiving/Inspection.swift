import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// Looks at everything in a quarantine that the lineage has not: what breaks a rule is refused before anything moves.
///
/// It reads no object of Git LFS; `SmallObjects` has the one rule that needs their bytes.
struct Inspection {
    let quarantine: GitRepository
    let ours: GitRepository
    let limits: ReceivingLimits

    /// New stage commits, inputs before what uses them.
    private(set) var stages: [StageRecord] = []
    /// New build commits, older ones first.
    private(set) var builds: [CommitID] = []
    /// Every new object that was looked at.
    var reached: Set<ObjectName> = []
    /// Texts that stand in git as themselves, by what they are as objects.
    var texts: [Digest: git_oid] = [:]
    /// Sizes that pointers give.
    var pointers: [Digest: Int] = [:]
    /// Stage commits that were looked at, ours among them.
    private var known: [CommitID: StageRecord] = [:]

    init(quarantine: GitRepository, ours: GitRepository, limits: ReceivingLimits) {
        self.quarantine = quarantine
        self.ours = ours
        self.limits = limits
    }

    // MARK: From refs to commits

    mutating func inspect(_ references: [(reference: SharedReference, remote: RemoteReference)]) throws {
        for (reference, remote) in references {
            guard let id = GitRepository.id(remote.object.hex), quarantine.exists(id) else {
                throw Refusal(subject: remote.name, reason: "the remote did not send what it names")
            }
            switch reference {
            case .runNotes: try inspectNotes(id, remote.name)
            case .branch(let recipe):
                try inspect(commit: id, named: remote.name)
                guard try build(remote.object) != nil, let commit = try quarantine.commit(remote.object) else {
                    throw Refusal(subject: remote.name, reason: "a branch names a build; this is none")
                }
                guard commit.message.hasPrefix(recipe + ": ") else {
                    throw Refusal(subject: remote.name, reason: "it names a build of another recipe")
                }
            case .tag: try inspect(commit: try tagged(id, remote.name), named: remote.name)
            case .action(let key):
                try inspect(commit: id, named: remote.name)
                guard let record = try stage(remote.object) else {
                    throw Refusal(subject: remote.name, reason: "it names no stage commit")
                }
                guard record.action.key == key else {
                    throw Refusal(subject: remote.name, reason: "it names the commit of another action, \(record.action.key)")
                }
            }
        }
    }

    /// A stage commit that holds against the rules, with all that it was made of.
    mutating func stageCommit(_ id: CommitID) throws -> StageRecord? {
        guard let oid = GitRepository.id(id.hex) else { return nil }
        try inspect(commit: oid, named: id.hex)
        return try stage(id)
    }

    /// The stage commit of an id, of those that were looked at and of ours.
    mutating func stage(_ id: CommitID) throws(StoreError) -> StageRecord? {
        if let record = known[id] { return record }
        guard let oid = GitRepository.id(id.hex), !isNew(oid) else { return nil }
        let record = try StageCommit.read(id, from: ours)
        known[id] = record
        return record
    }

    /// The plan of a build commit; `nil` for any other commit.
    func build(_ id: CommitID) throws(StoreError) -> JSON? {
        guard let commit = try quarantine.commit(id) else { return nil }
        return try BuildCommit.plan(of: commit, in: quarantine)
    }

    func isNew(_ id: git_oid) -> Bool { !ours.exists(id) }

    /// Follows an annotated tag to its commit.
    private mutating func tagged(_ id: git_oid, _ name: String) throws -> git_oid {
        var id = id
        for _ in 0..<4 {
            guard quarantine.type(of: id) == GIT_OBJECT_TAG else { return id }
            if isNew(id) {
                try limit(id, to: limits.commitBytes, name)
                reached.insert(ObjectName(id))
            }
            guard let target = try quarantine.tagTarget(id), quarantine.exists(target) else {
                throw Refusal(subject: name, reason: "the remote did not send what the tag names")
            }
            id = target
        }
        throw Refusal(subject: name, reason: "it is a tag of a tag of a tag")
    }

    /// Looks at a commit and all its ancestors that are new, ancestors first.
    private mutating func inspect(commit tip: git_oid, named name: String) throws {
        var open: [(id: git_oid, areParentsDone: Bool)] = [(tip, false)]
        while let (id, areParentsDone) = open.popLast() {
            guard isNew(id), !reached.contains(ObjectName(id)) else { continue }
            let subject = "the commit \(GitRepository.hex(id)) of \(name)"
            guard quarantine.type(of: id) == GIT_OBJECT_COMMIT else {
                throw Refusal(subject: subject, reason: "it is missing, or no commit")
            }
            try limit(id, to: limits.commitBytes, subject)
            guard let commit = try quarantine.commit(CommitID(hex: GitRepository.hex(id))) else { continue }
            if areParentsDone {
                reached.insert(ObjectName(id))
                try inspect(commit)
                continue
            }
            open.append((id, true))
            guard commit.parents.count <= 100_000 else { throw Refusal(subject: subject, reason: "it has too many parents") }
            for parent in commit.parents.compactMap({ GitRepository.id($0.hex) }) where isNew(parent) {
                guard !reached.contains(ObjectName(parent)) else { continue }
                open.append((parent, false))
            }
        }
    }

    private mutating func inspect(_ commit: GitCommit) throws {
        let name = "the commit \(commit.id)"
        guard let root = try directory(commit.tree, at: "", of: name) else { return }
        let names = Set(root.map(\.name))
        if names.contains("action.json") {
            let record = try StageRules(commit: commit, root: root).record(&self)
            known[commit.id] = record
            stages.append(record)
        } else if names.contains("plan.json") {
            try BuildRules(commit: commit, root: root).check(&self)
            builds.append(commit.id)
        } else {
            throw Refusal(subject: name, reason: "it is neither a stage commit (action.json) nor a build commit (plan.json)")
        }
    }

    // MARK: Trees and blobs

    /// The entries of a directory, checked.
    mutating func directory(
        _ id: git_oid, at path: String, of subject: String
    ) throws -> [(name: String, isDirectory: Bool, id: git_oid)]? {
        guard quarantine.type(of: id) == GIT_OBJECT_TREE else {
            throw Refusal(subject: subject, reason: "its directory '\(path)' is missing, or no directory")
        }
        if isNew(id) { reached.insert(ObjectName(id)) }
        return try TreeRules.check(try quarantine.rawEntries(of: id), at: path, of: subject)
    }

    /// The bytes of a file, which may have so many.
    mutating func blob(_ id: git_oid, _ path: String, atMost bytes: Int, of subject: String) throws -> [UInt8] {
        guard let header = try quarantine.header(of: id), header.type == GIT_OBJECT_BLOB else {
            throw Refusal(subject: subject, reason: "its file '\(TreeRules.shown(path))' is missing, or no file")
        }
        guard header.size <= bytes else {
            throw Refusal(
                subject: subject,
                reason: "its file '\(TreeRules.shown(path))' has \(header.size) bytes in git; at most \(bytes) are taken there")
        }
        if isNew(id) { reached.insert(ObjectName(id)) }
        return try quarantine.readBlob(id)
    }

    func limit(_ id: git_oid, to bytes: Int, _ subject: String) throws {
        guard let header = try quarantine.header(of: id), header.size <= bytes else {
            throw Refusal(subject: subject, reason: "it has more than \(bytes) bytes")
        }
    }
}
