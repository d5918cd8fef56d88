import BuildModel
import CLibgit2
import Foundation

/// What a check of the whole store found.
package struct StoreCheck: Sendable {
    /// Files in the object store.
    package internal(set) var objects = 0
    /// Stage commits that a ref reaches.
    package internal(set) var commits = 0
    /// Of those, the ones whose artifacts were collected.
    package internal(set) var collected = 0
    /// In the order of discovery.
    package internal(set) var problems: [StoreProblem] = []

    init(_ store: Store, _ repository: GitRepository) throws(StoreError) {
        try checkObjects(store.layout)
        try checkGitObjects(store.layout, repository)
        try checkReferenceFiles(store.layout, repository)
        try checkReferences(repository)
        try checkHead(store.layout, repository)
        try checkCommits(store.objects, repository)
        checkIndex(store.index)
        try checkRecordings(store.layout)
    }

    /// Every line of the journals against its digest.
    private mutating func checkRecordings(_ layout: StoreLayout) throws(StoreError) {
        for path in files(below: layout.recordings) where path.hasSuffix(".jsonl") {
            let file = layout.recordings.appending(path: path)
            let damaged = try Journal.read(file) { _ in }
            if !damaged.isEmpty { problems.append(.damagedRecording(path: file.path, lines: damaged)) }
        }
    }

    /// Every git object against its id.
    private mutating func checkGitObjects(_ layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        let packs = files(below: layout.packs).filter { $0.hasSuffix(".pack") || $0.hasSuffix(".idx") }
        let broken = packs.filter { !Pack.isIntact(layout.packs.appending(path: $0)) }
        problems += broken.map { .damagedPack(path: layout.packs.appending(path: $0).path) }
        var damaged: [String] = []
        // libgit2 is not to be trusted with a damaged pack.
        guard broken.isEmpty else { return }
        try repository.forEachObject { id in
            if !repository.isIntact(id) { damaged.append(GitRepository.hex(id)) }
        }
        problems += damaged.sorted().map { id in
            let path = layout.gitObject(id).path
            return .damagedGitObject(id: id, path: isFile(path) ? path : nil)
        }
    }

    /// The index's own structure, and every row's checksum.
    private mutating func checkIndex(_ index: Index) {
        do throws(StoreError) {
            if let reason = try index.damage() { problems.append(.damagedIndex(reason: reason)) }
        } catch {
            problems.append(.damagedIndex(reason: "\(error)"))
        }
    }
}

extension StoreCheck {
    /// Every object against its name. Files on their way in belong to running builds or to killed ones: they are no
    /// results, and no problem.
    mutating func checkObjects(_ layout: StoreLayout) throws(StoreError) {
        for path in files(below: layout.objects) {
            if path.hasSuffix(DurableFile.arriving) { continue }
            let url = layout.objects.appending(path: path)
            guard let digest = Digest(hex: url.lastPathComponent), layout.object(digest).path == url.path else {
                problems.append(.strayFile(path: url.path))
                continue
            }
            objects += 1
            do throws(StoreError) {
                if try DurableFile.digest(of: url.path).digest != digest { problems.append(.damagedObject(digest)) }
            } catch {
                problems.append(.unreadableObject(digest, reason: "\(error)"))
            }
        }
    }

    /// Paths of all that is not a directory, sorted. Folders may be links, and may lie on other disks. What cannot be looked at
    /// is a problem.
    mutating func files(below folder: URL) -> [String] {
        guard let listing = FolderListing(of: folder, followsLinks: true) else { return [] }
        problems += listing.failures.map { .unreadablePlace(path: $0.path, reason: $0.reason) }
        problems += listing.unspeakable.map { .unreadablePlace(path: "\(folder.path)/\($0)", reason: "the name is not UTF-8") }
        return listing.entries.map(\.path)
    }

    func isFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }
}

extension StoreCheck {
    /// Every file of a ref against what git makes of it: it passes over those that it cannot read.
    mutating func checkReferenceFiles(_ layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        let folder = layout.repository.appending(path: "refs")
        let known = Set(try repository.references(startingWith: "refs/"))
        for path in files(below: folder) where !path.hasSuffix(".lock") {
            let file = folder.appending(path: path)
            if known.contains("refs/" + path), Self.isReference(file) { continue }
            problems.append(.unreadableReference(name: "refs/" + path, path: file.path))
        }
    }

    /// Whether a file holds what git writes into that of a ref, to the byte.
    private static func isReference(_ file: URL) -> Bool {
        guard let content = try? String(contentsOf: file, encoding: .utf8), content.hasSuffix("\n") else { return false }
        let target = String(content.dropLast())
        return GitRepository.id(target).map(GitRepository.hex) == target || target.hasPrefix("ref: refs/")
    }

    /// Every ref against the commit that it names.
    mutating func checkReferences(_ repository: GitRepository) throws(StoreError) {
        for name in try repository.references(startingWith: "refs/") {
            if let fault = fault(of: name, in: repository) { problems.append(.wrongReference(name: name, reason: fault)) }
        }
    }

    private func fault(of name: String, in repository: GitRepository) -> String? {
        guard let target = try? repository.target(of: name) else { return "cannot be read" }
        if name.hasPrefix(StageCommit.references) {
            guard let record = try? StageCommit.read(target, from: repository) else { return "names no stage commit" }
            let isRight = StageCommit.reference(for: record.action.key) == name
            return isRight ? nil : "names the commit of another action, \(record.action.key)"
        }
        if name.hasPrefix(BuildCommit.branches) {
            guard let commit = try? repository.commit(target), (try? BuildCommit.plan(of: commit, in: repository)) != nil
            else { return "names no build" }
            let recipe = name.dropFirst(BuildCommit.branches.count)
            return commit.message.hasPrefix(recipe + ": ") ? nil : "names a build of another recipe"
        }
        if name == Arrivals.reference {
            return (try? NoteTree.notes(in: target, of: repository)) == nil ? "cannot be read" : nil
        }
        if name == RunNotes.reference {
            return (try? RunNotes.all(in: repository)) == nil ? "cannot be read" : nil
        }
        if name.hasPrefix(WitnessCommit.references) {
            do throws(Refusal) {
                _ = try repository.witness(ofReference: name)
                return nil
            } catch {
                return "names no witness: \(error.reason)"
            }
        }
        if ["refs/tags/", "refs/remotes/", PendingCommits.references].contains(where: name.hasPrefix) {
            return isCommit(name, repository) ? nil : "names no commit"
        }
        return "is none of the store's refs"
    }

    private func isCommit(_ name: String, _ repository: GitRepository) -> Bool {
        guard let target = try? repository.target(of: name) else { return false }
        return (try? repository.commit(target)) != nil
    }

    /// HEAD against the branches: a plain clone checks out what it names.
    mutating func checkHead(_ layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        guard Self.isReference(layout.repository.appending(path: "HEAD")) else {
            problems.append(.wrongHead("cannot be read"))
            return
        }
        let branches = try repository.references(startingWith: BuildCommit.branches)
        guard let head = repository.headTarget() else {
            problems.append(.wrongHead("cannot be read"))
            return
        }
        if !branches.isEmpty, !branches.contains(head) { problems.append(.wrongHead("names \(head), which is no branch")) }
    }
}

extension StoreCheck {
    /// Every commit that a ref reaches: stage commits against their actions, their artifacts' objects and their parents'
    /// artifacts; build commits against the stage commits of their targets.
    mutating func checkCommits(_ objects: ObjectStore, _ repository: GitRepository) throws(StoreError) {
        var open: [CommitID] = []
        for name in try repository.references(startingWith: "refs/")
        where !name.hasPrefix("refs/notes/decant/") && !name.hasPrefix(WitnessCommit.references) {
            if let target = try? repository.target(of: name) { open.append(target) }
        }
        var seen: Set<CommitID> = []
        while let id = open.popLast() {
            guard seen.insert(id).inserted else { continue }
            guard let commit = try? repository.commit(id) else {
                problems.append(.missingCommit(id.hex))
                continue
            }
            open.append(contentsOf: commit.parents)
            if let record = try? StageCommit.read(id, from: repository) {
                commits += 1
                check(record, of: commit, objects: objects, repository: repository)
            } else if let plan = try? BuildCommit.plan(of: commit, in: repository) {
                check(commit, targets: NamedCommit.list(plan["targets"]), repository: repository)
            } else {
                problems.append(.wrongCommit("the commit \(id) is neither a stage commit nor a build commit"))
            }
        }
    }

    private mutating func check(
        _ record: StageRecord, of commit: GitCommit, objects: ObjectStore, repository: GitRepository
    ) {
        let name = "the stage commit \(record.commit) (\(record.action.kind))"
        if commit.message != StageCommit.message(for: record.action, artifact: record.artifact) {
            problems.append(.wrongCommit("\(name) does not say what it holds"))
        }
        if let fault = record.action.pinFault(of: record.artifact) {
            problems.append(.replacedSource(key: record.action.key, commit: record.commit, "\(name) \(fault)"))
        } else if let fault = record.fault {
            problems.append(.wrongCommit("\(name) has names that no remote takes: \(fault)"))
        }
        // Without a ref of its own, an action's result may have been collected; its history stays.
        let isHeld = (try? repository.target(of: StageCommit.reference(for: record.action.key))) != nil
        if !isHeld { collected += 1 }
        for file in record.artifact.files where isHeld {
            guard let object = objects.object(file.digest) else {
                problems.append(.missingObject(file.digest, commit: "\(name) needs \(file.path)"))
                continue
            }
            if object.size != file.size {
                problems.append(
                    .wrongCommit(
                        "\(name) needs \(file.path) of \(file.size) bytes; its object \(file.digest) has \(object.size)"))
            }
        }
        let parents = record.parents.compactMap { try? StageCommit.read($0, from: repository)?.artifact.digest }
        if parents.uniqued() != record.action.inputs.map(\.artifact).uniqued() {
            problems.append(.wrongCommit("\(name) has other parents than its action has inputs"))
        }
    }

    private mutating func check(_ commit: GitCommit, targets: [NamedCommit], repository: GitRepository) {
        for target in targets {
            let stage = target.commit
            let tree = (try? repository.entry("targets/\(target.name)", of: commit.tree)) ?? nil
            let held = try? repository.commit(stage).flatMap { try? repository.entry("artifact", of: $0.tree) } ?? nil
            if tree.map(GitRepository.hex) == nil || tree.map(GitRepository.hex) != held.map(GitRepository.hex) {
                problems.append(
                    .wrongCommit("the build commit \(commit.id) has another '\(target.name)' than the stage commit \(stage)"))
            }
        }
    }
}

extension Store {
    /// Checks everything against its name and its neighbours.
    package func check() throws(StoreError) -> StoreCheck {
        try repository.withLock { repository throws(StoreError) in
            try StoreCheck(self, repository)
        }
    }
}
