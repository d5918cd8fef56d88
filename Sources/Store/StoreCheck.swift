import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What a check of the whole store found.
public struct StoreCheck: Sendable {
    /// Files in the object store.
    public private(set) var objects = 0
    /// Stage commits that a ref reaches.
    public private(set) var commits = 0
    /// One sentence each, in the order of discovery.
    public private(set) var problems: [String] = []

    init(objects: ObjectStore, layout: StoreLayout, repository: GitRepository) throws(StoreError) {
        try checkObjects(layout)
        try checkRepository(repository)
        try checkReferenceFiles(layout, repository)
        try checkActionReferences(repository)
        try checkCommits(objects, repository)
    }

    /// Every object against its name. Files on their way in belong to running builds or to killed ones: they are no
    /// results, and no problem.
    private mutating func checkObjects(_ layout: StoreLayout) throws(StoreError) {
        let paths = ((try? FileManager.default.subpathsOfDirectory(atPath: layout.objects.path)) ?? []).sorted()
        for path in paths {
            let url = layout.objects.appending(path: path)
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), !isDirectory.boolValue
            else { continue }
            guard let digest = Digest(hex: url.lastPathComponent), layout.object(digest).path == url.path else {
                problems.append("\(url.path) is no object; nothing needs it, delete it")
                continue
            }
            objects += 1
            do throws(StoreError) {
                if try DurableFile.digest(of: url.path).digest != digest {
                    problems.append("the object \(digest) is damaged; delete \(url.path) and build again")
                }
            } catch {
                problems.append("the object \(digest) cannot be checked: \(error)")
            }
        }
    }

    /// Every git object against its id.
    private mutating func checkRepository(_ repository: GitRepository) throws(StoreError) {
        var damaged: [String] = []
        try repository.forEachObject { id in
            if !repository.isIntact(id) { damaged.append(GitRepository.hex(id)) }
        }
        problems += damaged.sorted().map { "the git object \($0) is damaged" }
    }

    /// Every file of a ref against what git makes of it: it passes over those that it cannot read.
    private mutating func checkReferenceFiles(_ layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        let folder = layout.repository.appending(path: "refs")
        let known = Set(try repository.references(startingWith: "refs/"))
        for path in ((try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []).sorted() {
            var isDirectory: ObjCBool = false
            let file = folder.appending(path: path).path
            guard FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory), !isDirectory.boolValue,
                !path.hasSuffix(".lock"), !known.contains("refs/" + path)
            else { continue }
            problems.append("the ref refs/\(path) cannot be read; delete \(file) and build again")
        }
    }

    /// Every action's ref against the commit that it names.
    private mutating func checkActionReferences(_ repository: GitRepository) throws(StoreError) {
        for name in try repository.references(startingWith: "refs/decant/actions/") {
            guard let target = try? repository.target(of: name), let record = try? StageCommit.read(target, from: repository) else {
                problems.append("\(name) names no stage commit")
                continue
            }
            if StageCommit.reference(for: record.action.key) != name {
                problems.append("\(name) names the commit of another action, \(record.action.key)")
            }
        }
    }

    private static func unique(_ digests: [Digest]) -> [Digest] {
        var seen: Set<Digest> = []
        return digests.filter { seen.insert($0).inserted }
    }

    /// Every stage commit that a ref reaches, against its action, its artifact's objects and its parents' artifacts.
    private mutating func checkCommits(_ objects: ObjectStore, _ repository: GitRepository) throws(StoreError) {
        var open: [CommitID] = []
        for name in try repository.references(startingWith: "refs/") where !name.hasPrefix("refs/notes/") {
            if let target = try? repository.target(of: name) { open.append(target) }
        }
        var seen: Set<CommitID> = []
        while let id = open.popLast() {
            guard seen.insert(id).inserted else { continue }
            guard let commit = try? repository.commit(id) else {
                problems.append("the commit \(id) is missing or cannot be read")
                continue
            }
            open.append(contentsOf: commit.parents)
            if let record = try? StageCommit.read(id, from: repository) {
                commits += 1
                check(record, of: commit, objects: objects, repository: repository)
            } else if (try? BuildCommit.plan(of: commit, in: repository)) == nil {
                problems.append("the commit \(id) is neither a stage commit nor a build commit")
            }
        }
    }

    private mutating func check(
        _ record: StageRecord, of commit: GitCommit, objects: ObjectStore, repository: GitRepository
    ) {
        let name = "the stage commit \(record.commit) (\(record.action.kind))"
        if commit.message != StageCommit.message(for: record.action, artifact: record.artifact) {
            problems.append("\(name) does not say what it holds")
        }
        for file in record.artifact.files {
            guard let object = objects.object(file.digest) else {
                problems.append("\(name) needs \(file.path), whose object \(file.digest) is missing; build again")
                continue
            }
            if object.size != file.size {
                problems.append("\(name) needs \(file.path) of \(file.size) bytes; its object \(file.digest) has \(object.size)")
            }
        }
        let parents = record.parents.compactMap { try? StageCommit.read($0, from: repository)?.artifact.digest }
        if Self.unique(parents) != Self.unique(record.action.inputs.map(\.artifact)) {
            problems.append("\(name) has other parents than its action has inputs")
        }
    }
}
