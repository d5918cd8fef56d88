import BuildModel
import CLibgit2
import CanonicalJSON

/// The rules for trees that came from elsewhere.
enum TreeForm {
    /// Checks the entries of one directory.
    ///
    /// - Parameters:
    ///   - path: of the directory, with its slash; empty for the root.
    ///   - subject: what the tree belongs to, for messages.
    static func check(_ entries: [TreeEntry], at path: String, of subject: String) throws(Refusal) {
        var folded: [[UInt8]: String] = [:]
        var previous: [UInt8] = []
        for entry in entries {
            let name = entry.name
            func refusal(_ reason: String) -> Refusal { Refusal(subject: subject, reason: "'\(shown(path + name))' \(reason)") }
            if name.contains("/") || name.contains("\\") || ["", ".", ".."].contains(name) {
                throw refusal("leads out of its directory")
            }
            guard String(validating: entry.bytes, as: UTF8.self) != nil else { throw refusal("is not UTF-8") }
            guard entry.bytes.count <= 255 else { throw refusal("is longer than the 255 bytes that file systems take") }
            guard (path + name).utf8.count <= 1024 else { throw refusal("is a path of more than 1024 bytes") }
            switch entry.mode {
            case 0o100644, TreeEntry.directory: break
            case TreeEntry.link: throw refusal("is a symbolic link")
            case TreeEntry.submodule: throw refusal("is a submodule")
            case 0o100755: throw refusal("is executable; files of a lineage are not")
            default: throw refusal("has the mode \(String(entry.mode, radix: 8)); only files and directories can be taken")
            }
            if let fault = FileNames.fault(of: name) { throw refusal(fault) }
            if let other = folded.updateValue(name, forKey: FileNames.folded(name)) {
                throw Refusal(subject: subject, reason: FileNames.words(for: path + name, and: path + other))
            }
            let key = entry.bytes + (entry.isDirectory ? [UInt8(ascii: "/")] : [])
            guard previous.lexicographicallyPrecedes(key) else { throw refusal("is out of git's order") }
            previous = key
        }
    }

    /// A name from outside as it may be printed.
    static func shown(_ name: String) -> String { FileNames.shown(name) }
}

extension CommitCheck {
    /// Looks at the notes on runs and at all that they were before: small JSON objects, each on a commit.
    mutating func checkNotes(_ tip: git_oid, _ name: String) throws {
        var open = [tip]
        var blobs: Set<ObjectName> = []
        while let id = open.popLast() {
            guard isNew(id), reached.insert(ObjectName(id)).inserted else { continue }
            guard quarantine.type(of: id) == GIT_OBJECT_COMMIT else {
                throw Refusal(subject: name, reason: "\(GitRepository.hex(id)) is missing, or no commit")
            }
            try limit(id, to: limits.commitBytes, name)
            guard let commit = try quarantine.commit(CommitID(hex: GitRepository.hex(id))) else { continue }
            open += commit.parents.compactMap { GitRepository.id($0.hex) }
            try checkNotes(tree: commit.tree, path: "", name, &blobs)
        }
    }

    /// Every note's path is the id of a commit, which slashes may cut into pieces.
    private mutating func checkNotes(tree: git_oid, path: String, _ name: String, _ blobs: inout Set<ObjectName>) throws {
        for entry in try directory(tree, at: path, of: name) {
            let id = path + entry.name
            guard id.utf8.count <= 40, id.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
                entry.isDirectory || id.utf8.count == 40
            else { throw Refusal(subject: name, reason: "'\(TreeForm.shown(id))' is no note on a commit") }
            if entry.isDirectory {
                try checkNotes(tree: entry.id, path: id, name, &blobs)
            } else if isNew(entry.id), blobs.insert(ObjectName(entry.id)).inserted {
                let text = try blob(entry.id, id, atMost: limits.noteBytes, of: name)
                guard (try? JSON(parsing: text))?.object != nil else {
                    throw Refusal(subject: name, reason: "the note on \(id) is no JSON object")
                }
            }
        }
    }
}
