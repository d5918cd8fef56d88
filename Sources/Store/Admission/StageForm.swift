import BuildModel
import CLibgit2
import CanonicalJSON

/// What a stage commit must be: byte for byte what Decant mints from its action, its parents and its artifact.
struct StageForm {
    let commit: GitCommit
    let root: [TreeEntry]

    private var subject: String { "the stage commit \(commit.id)" }

    private func refusal(_ reason: String) -> Refusal { Refusal(subject: subject, reason: reason) }

    /// Checks the commit; its parents have been.
    func record(_ checked: inout CommitCheck) throws -> StageRecord {
        guard root.map(\.name).sorted() == [".gitattributes", "action.json", "artifact"],
            let actionFile = root.first(where: { $0.name == "action.json" && !$0.isDirectory })?.id,
            let attributesFile = root.first(where: { $0.name == ".gitattributes" && !$0.isDirectory })?.id,
            let tree = root.first(where: { $0.name == "artifact" && $0.isDirectory })?.id
        else { throw refusal("it holds other things than .gitattributes, action.json and artifact") }
        let bytes = try checked.blob(actionFile, "action.json", atMost: checked.limits.actionBytes, of: subject)
        let action: Action
        do {
            action = try Action(encoding: (try? JSON(parsing: bytes)) ?? .null)
        } catch {
            throw refusal("its action.json \(error)")
        }
        guard action.canonicalBytes == bytes else { throw refusal("its action.json is not as Decant writes it") }
        let artifact = try artifact(tree, &checked)
        if let fault = action.pinFault(of: artifact.artifact) { throw refusal("\(action.kind) \(fault)") }
        try checkParents(action, &checked)
        let attributes = ArtifactTree.attributes(pointers: artifact.pointers.map { "artifact/" + $0 })
        guard
            try checked.blob(
                attributesFile, ".gitattributes", atMost: checked.limits.attributesBytes, of: subject)
                == Array(attributes.utf8)
        else { throw refusal("its .gitattributes is not as Decant writes it") }
        try checkMinted(action, artifact.artifact, tree, attributes, in: checked.quarantine)
        return StageRecord(commit: commit.id, action: action, artifact: artifact.artifact, parents: commit.parents)
    }

    private func artifact(_ tree: git_oid, _ checked: inout CommitCheck) throws -> (artifact: Artifact, pointers: [String]) {
        var files: [Artifact.File] = []
        var pointers: [String] = []
        var open: [(id: git_oid, path: String, depth: Int)] = [(tree, "", 0)]
        while let (id, path, depth) = open.popLast() {
            guard depth < 64 else { throw refusal("its artifact is nested deeper than 64 directories") }
            let entries = try checked.directory(id, at: path, of: subject)
            guard !entries.isEmpty || depth == 0 else { throw refusal("'\(TreeForm.shown(path))' is an empty directory") }
            for entry in entries {
                let name = path + entry.name
                guard Artifact.isPortable(path: name) else {
                    throw refusal("'\(TreeForm.shown(name))' is not a portable name")
                }
                if entry.isDirectory {
                    open.append((entry.id, name + "/", depth + 1))
                    continue
                }
                guard files.count < checked.limits.files else { throw refusal("its artifact has too many files") }
                let content = try checked.blob(entry.id, name, atMost: ArtifactTree.inlineLimit, of: subject)
                let file = try file(name, content, entry.id, &checked)
                files.append(file.file)
                if file.isPointer { pointers.append(name) }
            }
        }
        return (Artifact(files: files), pointers)
    }

    private func file(
        _ path: String, _ content: [UInt8], _ id: git_oid, _ checked: inout CommitCheck
    ) throws -> (file: Artifact.File, isPointer: Bool) {
        if content.starts(with: LFSPointer.prefix.utf8) {
            guard let pointer = LFSPointer(content) else {
                throw refusal("'\(TreeForm.shown(path))' is a malformed Git LFS pointer")
            }
            guard pointer.size <= checked.limits.objectBytes else {
                throw refusal("'\(TreeForm.shown(path))' points to an object of \(pointer.size) bytes")
            }
            guard checked.pointers.updateValue(pointer.size, forKey: pointer.digest) ?? pointer.size == pointer.size else {
                throw refusal(
                    "'\(TreeForm.shown(path))' gives the object \(pointer.digest.short) another size than a pointer before it")
            }
            return (.init(path: path, size: pointer.size, digest: pointer.digest), true)
        }
        guard ArtifactTree.standsAsItself(content) else {
            throw refusal("'\(TreeForm.shown(path))' stands in git, but belongs to Git LFS")
        }
        let digest = Digest(hashing: content)
        checked.texts[digest] = id
        return (.init(path: path, size: content.count, digest: digest), false)
    }

    private func checkParents(_ action: Action, _ checked: inout CommitCheck) throws {
        var artifacts: [Digest] = []
        for parent in commit.parents {
            guard let record = try checked.stage(parent) else { throw refusal("its parent \(parent) is no stage commit") }
            artifacts.append(record.artifact.digest)
        }
        guard artifacts.uniqued() == action.inputs.map(\.artifact).uniqued(), artifacts.count <= action.inputs.count else {
            throw refusal("its parents' artifacts are not the inputs of its action")
        }
    }

    /// The tree within `artifact` has been checked name by name; everything around it is made anew and compared.
    private func checkMinted(
        _ action: Action, _ artifact: Artifact, _ tree: git_oid, _ attributes: String, in repository: GitRepository
    ) throws {
        let minted = try repository.write(
            .directory([
                "action.json": .blob(try repository.writeBlob(action.canonicalBytes)), "artifact": .existing(tree),
                ".gitattributes": .blob(try repository.writeBlob(Array(attributes.utf8))),
            ]))
        let expected = try repository.writeCommit(
            tree: minted, parents: commit.parents.uniqued(),
            message: StageCommit.message(for: action, artifact: artifact), signature: .lineage)
        guard expected == commit.id else {
            throw refusal("it is not what Decant writes for its action, parents and artifact: that would be \(expected)")
        }
    }
}

/// The one rule of stage commits that needs the bytes of objects: git stores a small text itself, not a pointer.
enum SmallObjects {
    static func check(_ records: [StageRecord], texts: Set<Digest>, read: (Digest) throws -> [UInt8]?) throws {
        var seen: Set<Digest> = []
        for record in records {
            for file in record.artifact.files where file.size <= ArtifactTree.inlineLimit && !texts.contains(file.digest) {
                guard seen.insert(file.digest).inserted, let content = try read(file.digest),
                    ArtifactTree.standsAsItself(content)
                else { continue }
                throw Refusal(
                    subject: "the stage commit \(record.commit)",
                    reason:
                        "'\(TreeForm.shown(file.path))' is a small text, which stands in git as itself; here it is a pointer"
                )
            }
        }
    }
}
