import BuildModel
import CLibgit2
import Foundation

/// What a check of the store may find.
package enum StoreProblem: Hashable, Sendable {
    case damagedObject(Digest)
    case unreadableObject(Digest, reason: String)
    /// A file in the object store whose name is not an object's name.
    case strayFile(path: String)
    /// `path`: of its file; `nil` where it is in a pack.
    case damagedGitObject(id: String, path: String?)
    case damagedPack(path: String)
    case unreadableReference(name: String, path: String)
    /// A ref to something that is not there, or that is not what such a ref names.
    case wrongReference(name: String, reason: String)
    /// HEAD does not name a branch, though there are some.
    case wrongHead(String)
    case missingCommit(String)
    case missingObject(Digest, commit: String)
    /// A folder or a file that could not be looked at.
    case unreadablePlace(path: String, reason: String)
    /// A source's result that is not what the source pins.
    case replacedSource(key: Digest, commit: CommitID, String)
    /// Anything else that is wrong with a commit.
    case wrongCommit(String)
    /// The index, or so many of its rows.
    case damagedIndex(reason: String)
    /// Lines, from 1, of a journal of answers.
    case damagedRecording(path: String, lines: [Int])
}

extension StoreProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damagedObject(let digest): "the object \(digest) is damaged"
        case .unreadableObject(let digest, let reason): "the object \(digest) cannot be checked: \(reason)"
        case .strayFile(let path): "\(path) is no object; nothing needs it"
        case .damagedGitObject(let id, let path):
            "the git object \(id) is damaged" + (path == nil ? "; it is in a pack" : "")
        case .damagedPack(let path):
            "\(path) is damaged; clone the lineage from a remote again, or take the file from a copy"
        case .unreadableReference(let name, let path): "the ref \(name) cannot be read (\(path))"
        case .wrongReference(let name, let reason): "\(name) \(reason)"
        case .wrongHead(let reason): "HEAD \(reason)"
        case .missingCommit(let id): "the commit \(id) is missing or cannot be read"
        case .missingObject(let digest, let commit): "\(commit), whose object \(digest) is missing; build again"
        case .unreadablePlace(let path, let reason): "\(path) cannot be checked: \(reason)"
        case .replacedSource(_, _, let reason): "\(reason); build again, and do not trust what was made from it"
        case .wrongCommit(let reason): reason
        case .damagedRecording(let path, let lines):
            "\(path) is damaged in line \(lines.map(String.init).joined(separator: ", ")); what stood there is asked again"
        case .damagedIndex(let reason): "the index is damaged: \(reason); it is derived"
        }
    }
}

/// What a repair did about the problems that a check found.
///
/// A repair moves damaged files aside and never deletes them. It restores refs whose commits are there. The next build makes
/// the missing results again, if their recipe still exists.
package struct StoreRepair: Sendable {
    /// One sentence for each step.
    package private(set) var steps: [String] = []
    private let layout: StoreLayout

    init(of problems: [StoreProblem], in store: Store, _ repository: GitRepository) throws(StoreError) {
        layout = store.layout
        for problem in problems { try repair(problem, store, repository) }
        try restoreActionReferences(store, repository)
        try restoreBranches(repository)
        try restoreHead(repository)
        if !problems.contains(where: { if case .damagedIndex = $0 { true } else { false } }) { try store.index.forgetCommits() }
    }

    private mutating func repair(_ problem: StoreProblem, _ store: Store, _ repository: GitRepository) throws(StoreError) {
        switch problem {
        case .damagedObject(let digest):
            try store.putAside(digest)
            steps.append("the object \(digest) was put aside")
        case .strayFile(let path), .damagedGitObject(_, .some(let path)):
            try putAside(path)
        case .unreadableReference(let name, let path):
            try putAside(path)
            steps.append("the ref \(name) was removed")
        case .wrongReference(let name, _):
            try repository.removeReference(name)
            steps.append("the ref \(name) was removed")
        case .replacedSource(let key, let commit, _):
            let name = StageCommit.reference(for: key)
            try store.index.forget(results: [key])
            guard try repository.target(of: name) == commit else { break }
            try repository.removeReference(name)
            steps.append("the ref \(name) was removed")
        case .damagedIndex:
            for suffix in ["", "-wal", "-shm"] { unlink(layout.index.path + suffix) }
            steps.append("the index was deleted; it comes back from the repository")
        case .damagedRecording(let path, _):
            let file = URL(fileURLWithPath: path)
            guard let lock = try FileLock(transient: file.deletingPathExtension().appendingPathExtension("lock")) else { break }
            try Journal(file, lock: lock).dropDamagedLines()
            steps.append("\(path) has lost its damaged lines")
        case .damagedGitObject(_, .none), .damagedPack, .unreadableObject, .unreadablePlace, .wrongHead, .missingCommit,
            .missingObject,
            .wrongCommit:
            break
        }
    }

    private mutating func putAside(_ path: String) throws(StoreError) {
        let name = path.dropFirst(layout.repository.path.count).replacing("/", with: "-")
        try DurableFile.makeFolder(layout.damaged)
        guard rename(path, layout.damaged.appending(path: String(name)).path) == 0 else {
            throw .cannotWrite(path: path, reason: StoreError.systemReason)
        }
        steps.append("\(path) was put aside")
    }

    /// Names every stage commit whose artifact is all there and whose action has no ref.
    private mutating func restoreActionReferences(_ store: Store, _ repository: GitRepository) throws(StoreError) {
        for id in try repository.allCommits() {
            guard let record = try? StageCommit.read(id, from: repository), record.fault == nil,
                store.objects.holds(record.artifact)
            else { continue }
            let name = StageCommit.reference(for: record.action.key)
            guard try repository.target(of: name) == nil, try repository.createReference(name, to: id) else { continue }
            steps.append("\(name) names \(id) again")
        }
    }

    /// Names the newest build of every recipe that has builds and no branch.
    private mutating func restoreBranches(_ repository: GitRepository) throws(StoreError) {
        var newest: [String: (id: CommitID, time: Date)] = [:]
        for id in try repository.allCommits() {
            guard let commit = try? repository.commit(id), (try? BuildCommit.plan(of: commit, in: repository)) != nil,
                let recipe = commit.message.firstRange(of: ": ").map({ String(commit.message[..<$0.lowerBound]) }),
                GitRepository.isValid(reference: BuildCommit.branches + recipe),
                commit.author.time > newest[recipe]?.time ?? .distantPast
            else { continue }
            newest[recipe] = (id, commit.author.time)
        }
        for (recipe, build) in newest.sorted(by: { $0.key < $1.key }) {
            let name = BuildCommit.branches + recipe
            guard try repository.target(of: name) == nil, try repository.createReference(name, to: build.id) else { continue }
            steps.append("\(name) names \(build.id) again")
        }
    }

    private mutating func restoreHead(_ repository: GitRepository) throws(StoreError) {
        let branches = try repository.references(startingWith: BuildCommit.branches)
        guard let first = branches.first, repository.headTarget().map(branches.contains) != true else { return }
        let head = layout.repository.appending(path: "HEAD")
        try StoreError.onWriting(head.path) { try Data("ref: \(first)\n".utf8).write(to: head, options: .atomic) }
        steps.append("HEAD names \(first)")
    }
}

extension Store {
    /// Puts aside what is damaged and names again what lost its name.
    ///
    /// - Throws: `StoreError.inUse` while another process uses the store.
    package func repair(_ problems: [StoreProblem]) throws(StoreError) -> StoreRepair {
        try requireWritable()
        guard useLock?.becomeExclusive() ?? false else { throw .inUse(path: layout.root.path) }
        return try writing { repository throws(StoreError) in try StoreRepair(of: problems, in: self, repository) }
    }
}
