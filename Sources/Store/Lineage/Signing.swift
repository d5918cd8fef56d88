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

    /// Whether a commit bears what looks like a signature. Whose it is, and whether it holds, the module `Trust` says.
    func bearsSignature(_ commit: CommitID) -> Bool { (try? signedText(of: commit))?.signature != nil }
}

/// What git's own configuration says about signing, as the lineage repository sees it: of the system, the person and the
/// repository, the narrowest first.
package struct SigningSettings: Hashable, Sendable {
    /// `gpg.format`; git's default is `openpgp`.
    package var format = "openpgp"
    /// `user.signingkey`: a file, or a public key as text.
    package var key: String?
    /// `gpg.ssh.program`.
    package var program = "ssh-keygen"
    /// The program that the repository's own settings name, where others may have written them. It does not run.
    package var foreignProgram: String?
    /// `commit.gpgsign` and `tag.gpgsign`.
    package var signsCommits = false
    package var signsTags = false
    /// `gpg.ssh.allowedSignersFile` and `gpg.ssh.revocationFile`.
    package var allowedSigners: URL?
    package var revokedKeys: URL?
}

extension Store {
    package func signingSettings() throws(StoreError) -> SigningSettings {
        try repository.withLock { repository throws(StoreError) in
            var configuration: OpaquePointer?
            try GitRepository.check(
                git_repository_config_snapshot(&configuration, repository.pointer), "read git's configuration")
            defer { git_config_free(configuration) }
            func text(_ name: String) -> String? {
                var value: UnsafePointer<CChar>?
                guard git_config_get_string(&value, configuration, name) == 0, let value else { return nil }
                return String(cString: value)
            }
            // A person's `~` is their home, and other paths start from the repository, as git has it.
            func file(_ name: String) -> URL? {
                var path = git_buf()
                defer { git_buf_dispose(&path) }
                guard git_config_get_path(&path, configuration, name) == 0, path.size > 0 else { return nil }
                return URL(
                    fileURLWithPath: String(cString: path.ptr),
                    relativeTo: URL(
                        fileURLWithPath: String(cString: git_repository_path(repository.pointer)), isDirectory: true)
                ).absoluteURL
            }
            func flag(_ name: String) -> Bool {
                var value: Int32 = 0
                return git_config_get_bool(&value, configuration, name) == 0 && value == 1
            }
            var settings = SigningSettings()
            settings.format = text("gpg.format") ?? settings.format
            settings.key = text("user.signingkey")
            if let program = text("gpg.ssh.program") {
                let own =
                    Ownership.mayOthersSet(repository: layout.repository)
                    ? GitConfiguration().value("gpg.ssh.program") : program
                settings.program = own ?? settings.program
                settings.foreignProgram = own == program ? nil : program
            }
            settings.signsCommits = flag("commit.gpgsign")
            settings.signsTags = flag("tag.gpgsign")
            settings.allowedSigners = file("gpg.ssh.allowedsignersfile")
            settings.revokedKeys = file("gpg.ssh.revocationfile")
            return settings
        }
    }
}
