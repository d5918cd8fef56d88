import Foundation

/// The permissions of what this process writes, as long as this value is there: the umask's, and those that a repository of
/// several people asks for in `core.sharedRepository`. Git gives them to all that it writes there; libgit2 does not.
///
/// The umask is of the whole process, so that temporary files, SQLite's and libgit2's get them as well.
package final class Permissions: Sendable {
    private let before: mode_t

    /// - Parameter repository: the folder of a repository. `nil` comes back where it asks for nothing.
    package init?(ofRepositoryAt repository: URL) {
        let setting = GitConfiguration(environment: ["GIT_CONFIG_NOSYSTEM": "1"], repository: repository)
            .value("core.sharedrepository")
        let now = Self.umask
        guard let wanted = Self.mask(for: setting, now: now), wanted != now else { return nil }
        before = now
        Glibc.umask(wanted)
    }

    deinit { Glibc.umask(before) }

    /// The umask that gives what `core.sharedRepository` asks for; `nil` where it asks for nothing.
    static func mask(for setting: String?, now: mode_t) -> mode_t? {
        guard let setting = setting?.lowercased() else { return nil }
        switch setting {
        case "umask", "false", "no", "off", "0", "": return nil
        case "group", "true", "yes", "on", "1": return now & ~0o070
        case "all", "world", "everybody", "2": return now & ~0o075
        default:
            guard let mode = mode_t(setting, radix: 8), mode & 0o600 == 0o600, mode <= 0o777 else { return nil }
            // Who may read a file may look into a folder.
            return 0o777 & ~(mode | (mode & 0o444) >> 2)
        }
    }

    /// The umask of this process. To ask for it is to set it; Linux tells it without.
    package static var umask: mode_t {
        if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.firstMatch(of: /\nUmask:\s*([0-7]+)/), let mask = mode_t(line.1, radix: 8)
        {
            return mask
        }
        let mask = Glibc.umask(0o022)
        Glibc.umask(mask)
        return mask
    }
}
