import CLibgit2
import Foundation

/// Whether a repository on this machine may be used, by git's own rule: it belongs to who asks, or `safe.directory` names it.
///
/// Only the settings of the system, the person and the environment count: a repository cannot vouch for itself.
enum Ownership {
    /// - Throws: `StoreError.foreignRepository`.
    static func check(
        gitFolder: String, workTree: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StoreError) {
        let folders = [gitFolder] + (workTree.map { [$0] } ?? [])
        guard let (foreign, owner) = folders.lazy.compactMap({ foreignOwner(of: $0, environment) }).first else { return }
        let path = trimmed(workTree ?? gitFolder)
        let safe = GitConfiguration(environment: environment).values("safe.directory")
        guard !isSafe(path, among: safe, home: environment["HOME"]) else { return }
        throw .foreignRepository(path: path, owner: name(of: owner), isPart: trimmed(foreign) != path ? foreign : nil)
    }

    /// Whether others may write a repository's settings: it belongs to somebody else, or a group shares it. A program that such
    /// settings name is not of this person's choosing.
    static func mayOthersSet(
        repository: URL, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Bool {
        var folder = stat()
        guard stat(repository.path, &folder) == 0 else { return true }
        let isShared = folder.st_mode & S_ISGID != 0
        return [repository.path, repository.path + "/config"].contains { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return true }
            let writers = status.st_mode & (isShared ? S_IWGRP | S_IWOTH : S_IWOTH)
            return writers != 0 || foreignOwner(of: path, environment) != nil
        }
    }

    /// Whether `safe.directory` names a path. `*` names all, `…/*` all below; an empty value forgets those before it.
    static func isSafe(_ path: String, among values: [String], home: String?) -> Bool {
        var isSafe = false
        let names = [path, resolved(path)]
        for value in values {
            if value.isEmpty {
                isSafe = false
            } else if value == "*" {
                isSafe = true
            } else {
                let full = value.hasPrefix("~/") ? (home ?? "") + value.dropFirst() : value
                if full.hasSuffix("/*") {
                    let folder = String(full.dropLast(2))
                    let below = [folder + "/", resolved(folder) + "/"]
                    if names.contains(where: { name in below.contains(where: name.hasPrefix) }) { isSafe = true }
                } else if names.contains(trimmed(full)) || names.contains(resolved(full)) {
                    isSafe = true
                }
            }
        }
        return isSafe
    }

    /// The folder and its owner, where that is somebody else. Root by way of sudo may use what the caller of sudo owns.
    private static func foreignOwner(of path: String, _ environment: [String: String]) -> (path: String, owner: uid_t)? {
        var status = stat()
        guard lstat(trimmed(path), &status) == 0, status.st_uid != geteuid() else { return nil }
        if geteuid() == 0, let caller = environment["SUDO_UID"].flatMap({ uid_t($0) }), caller == status.st_uid { return nil }
        return (path, status.st_uid)
    }

    private static func trimmed(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return trimmed(path) }
        defer { free(real) }
        return String(cString: real)
    }

    private static func name(of user: uid_t) -> String {
        guard let entry = getpwuid(user) else { return "user \(user)" }
        return "\(String(cString: entry.pointee.pw_name)) (user \(user))"
    }
}
