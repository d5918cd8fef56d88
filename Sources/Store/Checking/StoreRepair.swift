import BuildModel
import CLibgit2
import Foundation

/// What was done about the problems that a check found.
///
/// What is damaged is moved out of the way, never deleted; refs are set again where the commits are there. What is missing then
/// is built again by the next build, if its recipe is still there.
package struct StoreRepair: Sendable {
    /// One sentence each.
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
        case .damagedIndex:
            for suffix in ["", "-wal", "-shm"] { unlink(layout.index.path + suffix) }
            steps.append("the index was deleted; it comes back from the repository")
        case .damagedRecording(let path, _):
            let file = URL(fileURLWithPath: path)
            guard let lock = try FileLock(transient: file.deletingPathExtension().appendingPathExtension("lock")) else { break }
            try Journal(file, lock: lock).dropDamagedLines()
            steps.append("\(path) has lost its damaged lines")
        case .damagedGitObject(_, .none), .damagedPack, .unreadableObject, .wrongHead, .missingCommit, .missingObject,
            .wrongCommit:
            break
        }
    }

    private mutating func putAside(_ path: String) throws(StoreError) {
        let name = path.dropFirst(layout.repository.path.count).replacing("/", with: "-")
        do {
            try FileManager.default.createDirectory(at: layout.damaged, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: layout.damaged.path, reason: error.localizedDescription)
        }
        guard rename(path, layout.damaged.appending(path: String(name)).path) == 0 else {
            throw .cannotWrite(path: path, reason: StoreError.systemReason)
        }
        steps.append("\(path) was put aside")
    }

    /// Names every stage commit whose artifact is all there and whose action has no ref.
    private mutating func restoreActionReferences(_ store: Store, _ repository: GitRepository) throws(StoreError) {
        for id in try repository.allCommits() {
            guard let record = try? StageCommit.read(id, from: repository), store.objects.holds(record.artifact) else {
                continue
            }
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
        do {
            try Data("ref: \(first)\n".utf8).write(to: layout.repository.appending(path: "HEAD"), options: .atomic)
        } catch {
            throw .cannotWrite(path: layout.repository.path + "/HEAD", reason: error.localizedDescription)
        }
        steps.append("HEAD names \(first)")
    }
}

extension Store {
    /// Puts aside what is damaged and names again what lost its name.
    ///
    /// - Throws: `StoreError.inUse` while another process uses the store.
    package func repair(_ problems: [StoreProblem]) throws(StoreError) -> StoreRepair {
        guard useLock.becomeExclusive() else { throw .inUse(path: layout.root.path) }
        return try repository.withLock { repository throws(StoreError) in
            try layout.writing { () throws(StoreError) in try StoreRepair(of: problems, in: self, repository) }
        }
    }
}
