import CLibgit2
import Foundation

/// What git's own configuration says about signing, as the lineage repository sees it: of the system, the person and the
/// repository, the narrowest first.
package struct SigningSettings: Hashable, Sendable {
    /// `gpg.format`; git's default is `openpgp`.
    package var format = "openpgp"
    /// `user.signingkey`: a file, or a public key as text.
    package var key: String?
    /// `gpg.ssh.program`.
    package var program = "ssh-keygen"
    /// `commit.gpgsign` and `tag.gpgsign`.
    package var signsCommits = false
    package var signsTags = false
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
            func flag(_ name: String) -> Bool {
                var value: Int32 = 0
                return git_config_get_bool(&value, configuration, name) == 0 && value == 1
            }
            var settings = SigningSettings()
            settings.format = text("gpg.format") ?? settings.format
            settings.key = text("user.signingkey")
            settings.program = text("gpg.ssh.program") ?? settings.program
            settings.signsCommits = flag("commit.gpgsign")
            settings.signsTags = flag("tag.gpgsign")
            return settings
        }
    }
}
