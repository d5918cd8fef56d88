import BuildModel
import CLibgit2
import CanonicalJSON

/// Checks the form of everything in a quarantine that the lineage has not: what breaks a rule is refused before anything moves.
///
/// It reads no object of Git LFS; `SmallObjects` has the one rule that needs their bytes.
package struct CommitCheck {
    let quarantine: GitRepository
    package let ours: GitRepository
    let limits: ReceivingLimits

    /// New stage commits, inputs before what uses them.
    package private(set) var stages: [StageRecord] = []
    /// New build commits, older ones first.
    package private(set) var builds: [CommitID] = []
    /// Every new git object that was checked.
    package var reached: Set<ObjectName> = []
    /// Git blobs of small texts, by the texts' digests.
    package var texts: [Digest: git_oid] = [:]
    /// Sizes that pointers state.
    package var pointers: [Digest: Int] = [:]
    /// Stage commits that were checked, and our own ones.
    private var known: [CommitID: StageRecord] = [:]

    package init(quarantine: GitRepository, ours: GitRepository, limits: ReceivingLimits) {
        (self.quarantine, self.ours, self.limits) = (quarantine, ours, limits)
    }

    // MARK: From refs to commits

    package mutating func check(_ references: [SharedReference]) throws {
        for reference in references {
            func refusal(_ reason: String) -> Refusal { Refusal(subject: reference.name, reason: reason) }
            guard let id = GitRepository.id(reference.object.hex), quarantine.exists(id) else {
                throw refusal("the remote did not send what it names")
            }
            switch reference.kind {
            case .runNotes: try checkNotes(id, reference.name)
            case .branch(let recipe):
                try check(commit: id, named: reference.name)
                guard try plan(of: reference.object) != nil, let commit = try quarantine.commit(reference.object) else {
                    throw refusal("a branch names a build; this is none")
                }
                guard commit.message.hasPrefix(recipe + ": ") else { throw refusal("it names a build of another recipe") }
            case .tag: try check(commit: try tagged(id, reference.name), named: reference.name)
            case .action(let key):
                try check(commit: id, named: reference.name)
                guard let record = try stage(reference.object) else { throw refusal("it names no stage commit") }
                guard record.action.key == key else {
                    throw refusal("it names the commit of another action, \(record.action.key)")
                }
            }
        }
    }

    /// Checks a stage commit and everything that it was made of.
    mutating func stageCommit(_ id: CommitID) throws -> StageRecord? {
        guard let oid = GitRepository.id(id.hex) else { return nil }
        try check(commit: oid, named: id.hex)
        return try stage(id)
    }

    /// The stage commit of an id, of those that were looked at and of ours.
    ///
    /// - Throws: `Refusal` where a source of ours, taken in before, is not what it pins.
    mutating func stage(_ id: CommitID) throws -> StageRecord? {
        if let record = known[id] { return record }
        guard let oid = GitRepository.id(id.hex), !isNew(oid) else { return nil }
        let record = try StageCommit.read(id, from: ours)
        if let record, let fault = record.action.pinFault(of: record.artifact) {
            throw Refusal(subject: "the stage commit \(id)", reason: "\(record.action.kind) \(fault)")
        }
        known[id] = record
        return record
    }

    /// The plan of a build commit; `nil` for any other commit.
    package func plan(of id: CommitID) throws(StoreError) -> JSON? {
        guard let commit = try quarantine.commit(id) else { return nil }
        return try BuildCommit.plan(of: commit, in: quarantine)
    }

    package func isNew(_ id: git_oid) -> Bool { !ours.exists(id) }

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
    private mutating func check(commit tip: git_oid, named name: String) throws {
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
                try check(commit)
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

    private mutating func check(_ commit: GitCommit) throws {
        let name = "the commit \(commit.id)"
        let root = try directory(commit.tree, at: "", of: name)
        let names = Set(root.map(\.name))
        if names.contains("action.json") {
            let record = try StageForm(commit: commit, root: root).record(&self)
            known[commit.id] = record
            stages.append(record)
        } else if names.contains("plan.json") {
            try BuildForm(commit: commit, root: root).check(&self)
            builds.append(commit.id)
        } else {
            throw Refusal(subject: name, reason: "it is neither a stage commit (action.json) nor a build commit (plan.json)")
        }
    }

    /// An action has one result. Where two are known, one of two builds was not reproducible, and a person must see which.
    package func refuseConflicts() throws {
        var refusals: [Refusal] = []
        var results: [Digest: StageRecord] = [:]
        for record in stages {
            let key = record.action.key
            if let other = results[key], other.artifact.digest != record.artifact.digest {
                refusals.append(Self.conflict(record, with: other.artifact, place: "there as well"))
            }
            results[key] = record
            guard let known = try ours.target(of: StageCommit.reference(for: key)),
                let own = try StageCommit.read(known, from: ours), own.artifact.digest != record.artifact.digest,
                own.action.pinFault(of: own.artifact) == nil
            else { continue }
            refusals.append(Self.conflict(record, with: own.artifact, place: "here, which stays"))
        }
        guard refusals.isEmpty else { throw Refusals(all: refusals) }
    }

    private static func conflict(_ record: StageRecord, with other: Artifact, place: String) -> Refusal {
        Refusal(
            subject: "\(record.action.kind) (action \(record.action.key.short))",
            reason:
                "the same action gave the artifact \(record.artifact.digest.short) there and \(other.digest.short) \(place): "
                + "one of the two is not reproducible; `verify` runs it again")
    }

    // MARK: Trees and blobs

    /// The entries of a directory, checked.
    mutating func directory(
        _ id: git_oid, at path: String, of subject: String
    ) throws -> [TreeEntry] {
        guard quarantine.type(of: id) == GIT_OBJECT_TREE else {
            throw Refusal(subject: subject, reason: "its directory '\(path)' is missing, or no directory")
        }
        if isNew(id) { reached.insert(ObjectName(id)) }
        let entries = try quarantine.entries(of: id)
        try TreeForm.check(entries, at: path, of: subject)
        return entries
    }

    /// The bytes of a file, which may have so many.
    mutating func blob(_ id: git_oid, _ path: String, atMost bytes: Int, of subject: String) throws -> [UInt8] {
        guard let header = try quarantine.header(of: id), header.type == GIT_OBJECT_BLOB else {
            throw Refusal(subject: subject, reason: "its file '\(TreeForm.shown(path))' is missing, or no file")
        }
        guard header.size <= bytes else {
            throw Refusal(
                subject: subject,
                reason: "its file '\(TreeForm.shown(path))' has \(header.size) bytes in git; at most \(bytes) are taken there")
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

/// One thing from outside that breaks a rule of a lineage.
package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// A ref, a commit, a file of an artifact.
    package var subject: String
    package var reason: String

    package init(subject: String, reason: String) { (self.subject, self.reason) = (subject, reason) }

    package var description: String { "\(subject): \(reason)" }
}

/// Several at once.
package struct Refusals: Error, Hashable, Sendable {
    package var all: [Refusal]

    package init(all: [Refusal]) { self.all = all }
}

/// How much is accepted from a remote. Anything larger is refused before it is read.
package struct ReceivingLimits: Sendable {
    /// Git objects of one pack.
    package var gitObjects = 4_000_000
    package var packBytes = 4 << 30
    package var references = 1_000_000
    /// Files of one artifact.
    package var files = 1_000_000
    /// Bytes of a commit or an annotated tag.
    package var commitBytes = 256 << 10
    /// Bytes of an `action.json`.
    package var actionBytes = 4 << 20
    /// Bytes of a `plan.json`.
    package var planBytes = 64 << 20
    /// Bytes of a recipe, its lock, and each recipe that it extends.
    package var recipeBytes = 4 << 20
    /// Bytes of a note on a run.
    package var noteBytes = 64 << 10
    /// Bytes of the `.gitattributes` of an artifact of many files.
    package var attributesBytes = 64 << 20
    /// Bytes of one object.
    package var objectBytes = 1 << 42

    package init() {}
}
