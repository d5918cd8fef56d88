import Foundation

/// What Decant keeps for a user on one machine, beside every cache of results.
package enum UserCache {
    /// `decant` in the user's cache folder.
    package static func folder(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
        func path(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let cache = path("XDG_CACHE_HOME") ?? path("HOME").map { $0 + "/.cache" } ?? "/var/cache"
        return URL(filePath: cache, directoryHint: .isDirectory).appending(path: "decant", directoryHint: .isDirectory)
    }
}
