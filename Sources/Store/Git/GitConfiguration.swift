import CLibgit2
import Foundation

/// Git's settings in the order in which git reads them: of the system, of the person, of a repository, of the environment.
///
/// Libgit2 1.5 knows nothing of `GIT_CONFIG_GLOBAL` and `GIT_CONFIG_COUNT`, so the files are looked up here.
package struct GitConfiguration: Sendable {
    package struct Entry: Hashable, Sendable {
        /// `section.middle.key`; section and key in lower case.
        package var name: String
        package var value: String

        package init(name: String, value: String) { (self.name, self.value) = (name, value) }
    }

    /// Of entries of one name the last holds.
    package let entries: [Entry]

    package init(_ entries: [Entry]) { self.entries = entries }

    /// - Parameter repository: the folder with the repository's `config`; `nil` where the settings must not come from a
    ///   repository.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment, repository: URL? = nil
    ) {
        var entries: [Entry] = []
        let hasSystem = !Self.isTrue(environment["GIT_CONFIG_NOSYSTEM"])
        if hasSystem { entries += Self.read(environment["GIT_CONFIG_SYSTEM"] ?? "/etc/gitconfig") }
        if let file = environment["GIT_CONFIG_GLOBAL"] {
            entries += Self.read(file)
        } else {
            for (_, file) in Self.personalFiles(environment) { entries += Self.read(file) }
        }
        if let repository { entries += Self.read(repository.appending(path: "config").path) }
        self.entries = entries + Self.entries(of: environment)
    }

    package var pairs: [(name: String, value: String)] { entries.map { ($0.name, $0.value) } }

    package func value(_ name: String) -> String? { entries.last { $0.name == name }?.value }

    package func values(_ name: String) -> [String] { entries.filter { $0.name == name }.map(\.value) }

    /// Every entry of `section.<middle>.key`, with what stands in the middle.
    package func values(section: String, key: String) -> [(middle: String, value: String)] {
        entries.compactMap { entry in
            guard entry.name.hasPrefix(section + "."), entry.name.hasSuffix("." + key),
                entry.name.utf8.count > section.utf8.count + key.utf8.count + 2
            else { return nil }
            return (String(entry.name.dropFirst(section.count + 1).dropLast(key.count + 1)), entry.value)
        }
    }

    /// As git reads a yes.
    package static func isTrue(_ value: String?) -> Bool {
        guard let value = value?.lowercased() else { return false }
        return ["true", "yes", "on"].contains(value) || (Int(value) ?? 0) != 0
    }

    // MARK: Where settings come from

    /// The files of a person's settings, each with libgit2's level.
    static func personalFiles(_ environment: [String: String]) -> [(level: Int32, path: String)] {
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home.map { $0 + "/.config" }
        var files: [(Int32, String)] = []
        if let folder { files.append((GIT_CONFIG_LEVEL_XDG.rawValue, folder + "/git/config")) }
        if let home { files.append((GIT_CONFIG_LEVEL_GLOBAL.rawValue, home + "/.gitconfig")) }
        return files
    }

    /// Whether a file can be read, or plainly is not there.
    static func isReadable(_ path: String) -> Bool {
        access(path, R_OK) == 0 || errno == ENOENT || errno == ENOTDIR
    }

    /// What a file says, those that it includes among it; nothing where it cannot be read.
    private static func read(_ path: String) -> [Entry] {
        guard access(path, R_OK) == 0, Libgit2.isStarted else { return [] }
        var configuration: OpaquePointer?
        guard git_config_open_ondisk(&configuration, path) == 0 else { return [] }
        defer { git_config_free(configuration) }
        var iterator: OpaquePointer?
        guard git_config_iterator_new(&iterator, configuration) == 0 else { return [] }
        defer { git_config_iterator_free(iterator) }
        var entries: [Entry] = []
        var entry: UnsafeMutablePointer<git_config_entry>?
        while git_config_next(&entry, iterator) == 0, let found = entry?.pointee {
            // A key without a value is a yes.
            let value = found.value.map { String(cString: $0) } ?? "true"
            entries.append(Entry(name: String(cString: found.name), value: value))
        }
        return entries
    }

    /// `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_0`, `GIT_CONFIG_VALUE_0`, and so on.
    private static func entries(of environment: [String: String]) -> [Entry] {
        guard let count = environment["GIT_CONFIG_COUNT"].flatMap({ Int($0) }), (1...10_000).contains(count) else { return [] }
        return (0..<count).compactMap { index in
            guard let key = environment["GIT_CONFIG_KEY_\(index)"], let value = environment["GIT_CONFIG_VALUE_\(index)"],
                let first = key.firstIndex(of: "."), let last = key.lastIndex(of: ".")
            else { return nil }
            return Entry(name: key[..<first].lowercased() + key[first..<last] + key[last...].lowercased(), value: value)
        }
    }
}

extension Store {
    /// The settings that hold for the lineage.
    package var gitConfiguration: GitConfiguration { GitConfiguration(repository: layout.repository) }
}
