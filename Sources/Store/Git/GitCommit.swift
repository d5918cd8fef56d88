import CLibgit2
import Foundation

/// A commit, read.
package struct GitCommit {
    package var id: CommitID
    package var tree: git_oid
    package var parents: [CommitID]
    package var message: String
    package var author: GitSignature
}

extension GitRepository {
    /// Writes a commit. No ref is moved.
    ///
    /// - Parameter signer: signs what the commit says; stage commits have none, so that their ids stay pure functions.
    package func writeCommit(
        tree: git_oid, parents: [CommitID], message: String, signature: GitSignature, committer: GitSignature? = nil,
        signer: (any CommitSigner)? = nil
    ) throws(StoreError) -> CommitID {
        let treePointer = try lookUp(tree, as: GIT_OBJECT_TREE)
        defer { git_object_free(treePointer) }
        var parentPointers: [OpaquePointer?] = []
        defer { for parent in parentPointers { git_commit_free(parent) } }
        for parent in parents { parentPointers.append(try lookup(parent)) }
        let author = try signature.copied()
        defer { git_signature_free(author) }
        let committer = try (committer ?? signature).copied()
        defer { git_signature_free(committer) }
        if let signer {
            var content = git_buf()
            defer { git_buf_dispose(&content) }
            try Self.check(
                git_commit_create_buffer(
                    &content, pointer, author, committer, nil, message, treePointer, parentPointers.count, &parentPointers),
                "write a commit")
            return try writeCommit(UnsafeRawBufferPointer(start: content.ptr, count: content.size), signedBy: signer)
        }
        var id = git_oid()
        try Self.check(
            git_commit_create(
                &id, pointer, nil, author, committer, nil, message, treePointer, parentPointers.count, &parentPointers),
            "write a commit")
        return CommitID(hex: Self.hex(id))
    }

    /// Reads a commit; `nil` where the repository has none of this id.
    package func commit(_ id: CommitID) throws(StoreError) -> GitCommit? {
        guard let oid = Self.id(id.hex), exists(oid) else { return nil }
        let pointer = try lookup(id)
        defer { git_commit_free(pointer) }
        guard let tree = git_commit_tree_id(pointer)?.pointee, let author = git_commit_author(pointer)?.pointee else {
            throw .git(operation: "read the commit \(id)", reason: "it has no tree or no author")
        }
        let parents = (0..<git_commit_parentcount(pointer)).compactMap { index in
            git_commit_parent_id(pointer, index).map { CommitID(hex: Self.hex($0.pointee)) }
        }
        return GitCommit(
            id: id, tree: tree, parents: parents, message: String(cString: git_commit_message(pointer)),
            author: GitSignature(
                name: String(cString: author.name), email: String(cString: author.email),
                time: Date(timeIntervalSince1970: TimeInterval(author.when.time)), offset: author.when.offset))
    }

    /// The full id of a commit, from at least seven digits; `nil` where none or several begin so.
    func commitID(startingWith prefix: String) -> CommitID? {
        var short = git_oid()
        var full = git_oid()
        guard (7...40).contains(prefix.utf8.count), git_oid_fromstrn(&short, prefix, prefix.utf8.count) == 0,
            git_odb_exists_prefix(&full, database, &short, prefix.utf8.count) == 0, looksLikeCommit(full)
        else { return nil }
        return CommitID(hex: Self.hex(full))
    }

    private func lookup(_ id: CommitID) throws(StoreError) -> OpaquePointer {
        guard let oid = Self.id(id.hex) else { throw .git(operation: "read a commit", reason: "'\(id)' is no commit id") }
        return try lookUp(oid, as: GIT_OBJECT_COMMIT)
    }
}
