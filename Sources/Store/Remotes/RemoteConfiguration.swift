import BuildModel
import CLibgit2
import Foundation

/// What git's configuration of the lineage repository says of remotes.
extension Store {
    /// The address of a remote that has a name; `nil` where there is none of it.
    package func address(ofRemote name: String) throws(StoreError) -> String? {
        try repository.withLock { repository throws(StoreError) in
            var remote: OpaquePointer?
            guard git_remote_lookup(&remote, repository.pointer, name) == 0 else { return nil }
            defer { git_remote_free(remote) }
            return git_remote_url(remote).map { String(cString: $0) }
        }
    }

    /// A value of git's configuration, this machine's included; `nil` where it is not set.
    package func gitSetting(_ key: String) throws(StoreError) -> String? {
        try repository.withLock { repository throws(StoreError) in
            var configuration: OpaquePointer?
            try GitRepository.check(
                git_repository_config_snapshot(&configuration, repository.pointer), "read the configuration")
            defer { git_config_free(configuration) }
            var value: UnsafePointer<CChar>?
            guard git_config_get_string(&value, configuration, key) == 0 else { return nil }
            return value.map { String(cString: $0) }
        }
    }

    /// Remembers a remote, so that `git fetch` and `git push` exchange the same refs as Decant does.
    package func addRemote(_ name: String, address: String) throws(StoreError) {
        try repository.withLock { repository throws(StoreError) in
            var configuration: OpaquePointer?
            try GitRepository.check(git_repository_config(&configuration, repository.pointer), "read the configuration")
            defer { git_config_free(configuration) }
            try GitRepository.check(
                git_config_set_string(configuration, "remote.\(name).url", address), "remember the remote")
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

    /// Where the git repository of a path is: the path itself, its `.git`, or the lineage of a store.
    package static func repository(at path: URL) -> URL? {
        let candidates = [
            path.appending(path: "lineage.git"), path.appending(path: ".git"), path, path.appendingPathExtension("git"),
        ]
        return candidates.first { FileManager.default.fileExists(atPath: $0.appending(path: "HEAD").path) }
    }

    /// The objects of a repository on this machine.
    package static func objects(of path: URL) throws -> ObjectFolder { try NeighbourRepository(at: path).objects }
}
