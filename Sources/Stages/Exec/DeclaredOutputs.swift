import BuildModel
import Foundation

/// What a command left in its `outputs/`, and the part of it that was declared.
struct DeclaredOutputs {
    private enum Entry { case file, folder, other }

    /// Sorted.
    private let declared: [FileName]
    private let made: URL
    private let entries: [FileName: Entry]

    /// - Parameter made: the folder that the command wrote into. Links in it are not followed.
    init(_ declared: [String], in made: URL) throws {
        self.declared = declared.map { FileName($0) }.sorted()
        self.made = made
        var entries: [FileName: Entry] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: made.path) {
            let name = FileName(path)
            var status = stat()
            // Where two names are one as Swift reads them, one of them is not UTF-8.
            guard lstat(made.path + "/" + path, &status) == 0, entries[name] == nil else {
                throw StageFailure("outputs/\(path) cannot be read; name files in UTF-8")
            }
            switch status.st_mode & S_IFMT {
            case S_IFREG: entries[name] = .file
            case S_IFDIR: entries[name] = .folder
            default: entries[name] = .other
            }
        }
        self.entries = entries
    }

    /// Refuses a declaration that is not a path below `outputs/`.
    static func check(_ declared: [String]) throws(StageFailure) {
        guard !declared.isEmpty else { throw StageFailure("the command declares no outputs; name at least one") }
        for path in declared where !Artifact.isPortable(path: path) {
            throw StageFailure("the output '\(path)' is not a path below outputs/: relative, without '..'")
        }
    }

    /// Files that were made but not declared, sorted.
    var undeclared: [String] {
        entries.filter { $0.value != .folder && !isDeclared($0.key) }.keys.sorted().map(\.text)
    }

    /// Copies what was declared, with plain modes.
    ///
    /// - Throws: `StageFailure` where a declared path is missing, or is or holds anything but files and folders.
    func copy(to outputs: URL) throws {
        let missing = declared.filter { entries[$0] == nil && linkAbove($0) == nil }
        guard missing.isEmpty else {
            let there = entries.filter { $0.value != .folder }.keys.sorted()
            throw StageFailure(
                "the command did not make \(Self.list(missing.map { "outputs/\($0)" })); it made "
                    + (there.isEmpty ? "no file" : Self.list(there.map { "outputs/\($0)" })))
        }
        if let link = declared.lazy.compactMap(linkAbove).first { throw Self.refusal(of: link) }
        let kept = entries.filter { isDeclared($0.key) }.sorted { $0.key < $1.key }
        if let fault = FileNames.fault(in: kept.lazy.filter { $0.value != .folder }.map(\.key.text)) {
            throw StageFailure("the command made files that cannot be kept in outputs/: \(fault)")
        }
        for (name, entry) in kept {
            let path = name.text
            switch entry {
            case .folder:
                continue
            case .other:
                throw Self.refusal(of: path)
            case .file:
                let destination = outputs.appending(path: path)
                try FileManager.default.createDirectory(
                    at: destination.deletingLastPathComponent(), withIntermediateDirectories: true)
                try FileManager.default.copyItem(at: made.appending(path: path), to: destination)
                chmod(destination.path, 0o644)
            }
        }
    }

    private func isDeclared(_ name: FileName) -> Bool { declared.contains { name.lies(in: $0) } }

    /// The link, or other thing that is no folder, that a declared path would lead through.
    private func linkAbove(_ name: FileName) -> String? {
        entries.first { $0.value == .other && $0.key != name && name.lies(in: $0.key) }?.key.text
    }

    private static func refusal(of path: String) -> StageFailure {
        StageFailure("outputs/\(path) is a link or a special file; only files and folders can be kept")
    }

    /// At most twenty names.
    static func list(_ names: [String]) -> String {
        names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
    }
}
