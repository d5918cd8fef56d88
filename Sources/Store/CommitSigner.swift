import CLibgit2
import Foundation

/// Signs what a commit or a tag says.
package protocol CommitSigner: Sendable {
    /// An armoured signature that stock git verifies, such as `-----BEGIN SSH SIGNATURE-----…`.
    ///
    /// - Throws: `StoreError.cannotSign`.
    func signature(of content: [UInt8]) throws(StoreError) -> String
}

extension GitRepository {
    /// Writes a commit with the signature of its content in the header where git looks for it.
    func writeCommit(
        _ content: UnsafeRawBufferPointer, signedBy signer: any CommitSigner
    ) throws(StoreError) -> CommitID {
        let signature = try signer.signature(of: Array(content)).trimmingCharacters(in: .newlines)
        var id = git_oid()
        // libgit2 takes text that ends in a zero byte, which its own buffer has.
        let text = content.assumingMemoryBound(to: CChar.self).baseAddress
        try Self.check(git_commit_create_with_signature(&id, pointer, text, signature, "gpgsig"), "write a signed commit")
        return CommitID(hex: Self.hex(id))
    }

    func isSigned(_ commit: CommitID) -> Bool {
        guard var id = Self.id(commit.hex) else { return false }
        var signature = git_buf()
        var content = git_buf()
        defer {
            git_buf_dispose(&signature)
            git_buf_dispose(&content)
        }
        return git_commit_extract_signature(&signature, &content, pointer, &id, nil) == 0
    }
}
