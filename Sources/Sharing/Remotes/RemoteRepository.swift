import CLibgit2
import Foundation
import Store

/// A git repository elsewhere.
enum RemoteRepository: Sendable {
    /// A repository on this machine's file systems, by its path.
    case neighbour(URL)
    /// A repository behind a server: an address without a password, and who asks there. Libgit2 asks for the login only where
    /// the server wants one.
    case server(url: String, login: @Sendable () -> Login?)

    var label: String {
        switch self {
        case .neighbour(let path): path.path
        case .server(let url, _): url
        }
    }

    /// The refs that it has.
    ///
    /// - Parameter ours: a handle on the lineage, which libgit2 wants for any conversation.
    func references(seenFrom ours: GitRepository) throws -> [RemoteReference] {
        switch self {
        case .neighbour(let path): try NeighbourRepository(at: path).references()
        case .server(let url, let login):
            try ServerConnection(url: url, login: login, limits: ReceivingLimits()).references(for: ours)
        }
    }
}

/// A ref that a remote repository has.
struct RemoteReference: Hashable, Sendable {
    var name: String
    /// What it names: a commit, or a tag object.
    var object: CommitID
}

/// What git's configuration of the lineage repository says of remotes.
extension Store {
    /// The address of a remote that has a name; `nil` where there is none of it.
    package func address(ofRemote name: String) throws(StoreError) -> String? {
        let repository = try openRepository()
        var remote: OpaquePointer?
        guard git_remote_lookup(&remote, repository.pointer, name) == 0 else { return nil }
        defer { git_remote_free(remote) }
        return git_remote_url(remote).map { String(cString: $0) }
    }

    /// A value of git's configuration, this machine's included; `nil` where it is not set.
    package func gitSetting(_ key: String) throws(StoreError) -> String? {
        let repository = try openRepository()
        var configuration: OpaquePointer?
        try GitRepository.check(git_repository_config_snapshot(&configuration, repository.pointer), "read the configuration")
        defer { git_config_free(configuration) }
        var value: UnsafePointer<CChar>?
        guard git_config_get_string(&value, configuration, key) == 0 else { return nil }
        return value.map { String(cString: $0) }
    }

    /// Remembers a remote, so that `git fetch` and `git push` exchange the same refs as Decant does.
    package func addRemote(_ name: String, address: String) throws(StoreError) {
        let repository = try openRepository()
        var configuration: OpaquePointer?
        try GitRepository.check(git_repository_config(&configuration, repository.pointer), "read the configuration")
        defer { git_config_free(configuration) }
        try GitRepository.check(git_config_set_string(configuration, "remote.\(name).url", address), "remember the remote")
        for pattern in SharedReference.patterns {
            for key in ["remote.\(name).fetch", "remote.\(name).push"] {
                try GitRepository.check(
                    git_config_set_multivar(
                        configuration, key, "^\(pattern.replacing("*", with: "[*]")):.*$", "\(pattern):\(pattern)"),
                    "remember the remote")
            }
        }
    }
}
