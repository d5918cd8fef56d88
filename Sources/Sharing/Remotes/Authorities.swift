import CLibgit2
import Foundation
import HTTP
import Store
import Synchronization

/// The authorities that sign servers' certificates, as libgit2 knows them: for the whole process.
enum Authorities {
    private struct Places: Hashable {
        var file: String?
        var folder: String?
    }

    /// What libgit2 was told last; `nil` as long as it knows its own.
    private static let told = Mutex<Places?>(nil)

    /// Where Debian has the system's.
    private static let system = Places(file: "/etc/ssl/certs/ca-certificates.crt", folder: nil)

    /// Makes those of a server count. Conversations with servers of different authorities do not run side by side.
    ///
    /// - Throws: `RemoteError` where they cannot be read.
    static func use(_ rule: ConnectionRule, for url: URL) throws {
        try told.withLock { told in
            var wanted = Places(file: rule.authorityFile, folder: rule.authorityFolder)
            if wanted == Places() {
                if told == nil { return }
                wanted = system
            }
            guard wanted != told else { return }
            guard url.scheme == "https" else { return }
            guard decant_set_authorities(wanted.file, wanted.folder) == 0 else {
                throw RemoteError.unreachable(remote: url.absoluteString, reason: rule.unreadableAuthorities)
            }
            told = wanted
        }
    }
}
