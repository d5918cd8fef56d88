import BuildModel
import CLibgit2
import CanonicalJSON

extension Inspection {
    /// Looks at the notes on runs and at all that they were before: small JSON objects, each on a commit.
    mutating func inspectNotes(_ tip: git_oid, _ name: String) throws {
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
            try inspectNotes(tree: commit.tree, path: "", name, &blobs)
        }
    }

    /// Every note's path is the id of a commit, which slashes may cut into pieces.
    private mutating func inspectNotes(tree: git_oid, path: String, _ name: String, _ blobs: inout Set<ObjectName>) throws {
        for entry in try directory(tree, at: path, of: name) ?? [] {
            let id = path + entry.name
            guard id.utf8.count <= 40, id.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
                entry.isDirectory || id.utf8.count == 40
            else { throw Refusal(subject: name, reason: "'\(TreeRules.shown(id))' is no note on a commit") }
            if entry.isDirectory {
                try inspectNotes(tree: entry.id, path: id, name, &blobs)
            } else if isNew(entry.id), blobs.insert(ObjectName(entry.id)).inserted {
                let text = try blob(entry.id, id, atMost: limits.noteBytes, of: name)
                guard (try? JSON(parsing: text))?.object != nil else {
                    throw Refusal(subject: name, reason: "the note on \(id) is no JSON object")
                }
            }
        }
    }
}
