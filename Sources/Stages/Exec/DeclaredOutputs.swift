import BuildModel
import Foundation

/// What a command left in its `outputs/`, and the part of it that was declared.
///
/// Everything is reached through open folders, so that what still ran could not lead the way elsewhere.
struct DeclaredOutputs {
    private struct Found {
        /// Below `outputs/`. Paths are compared as bytes: two `String`s of different bytes can be equal.
        let path: String
        let entry: OpenFolder.Entry
    }

    /// Sorted.
    private let declared: [String]
    private let made: OpenFolder
    /// In the order of their paths' bytes.
    private let found: [Found]
    private let paths: Set<[UInt8]>
    /// How many names each file has here, by its number.
    private let nameCounts: [UInt64: UInt]

    /// The most folders that lie in each other: more than a path of an artifact can have is never kept.
    private static let deepest = 128

    /// - Parameter work: the folder of the command, with `outputs` in it. Links are not followed.
    init(_ declared: [String], in work: OpenFolder) throws {
        self.declared = declared.sorted()
        do {
            made = try OpenFolder(.init("outputs"), in: work)
        } catch {
            throw StageFailure("outputs is no longer a folder: the command removed it or put something else in its place")
        }
        var found: [Found] = []
        try Self.list(made, "", depth: 0, into: &found)
        self.found = found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        paths = Set(found.map { Array($0.path.utf8) })
        nameCounts = found.filter(\.entry.isFile).reduce(into: [:]) { $0[UInt64($1.entry.status.st_ino), default: 0] += 1 }
    }

    private static func list(_ folder: OpenFolder, _ path: String, depth: Int, into found: inout [Found]) throws {
        guard depth < deepest else { throw StageFailure("outputs/\(path) lies more than \(deepest) folders deep") }
        for entry in try folder.entries() {
            guard let name = entry.name.text else {
                throw StageFailure("outputs/\(path)\(entry.name.shown) cannot be read; name files in UTF-8")
            }
            found.append(Found(path: path + name, entry: entry))
            guard entry.isFolder else { continue }
            guard let inner = try? OpenFolder(entry.name, in: folder) else {
                throw StageFailure("the folder outputs/\(path)\(name) cannot be read: its mode must let its owner read it")
            }
            try list(inner, path + name + "/", depth: depth + 1, into: &found)
        }
    }

    /// Refuses a declaration that is not a path below `outputs/`.
    static func check(_ declared: [String]) throws(StageFailure) {
        guard !declared.isEmpty else { throw StageFailure("the command declares no outputs; name at least one") }
        for path in declared where !Artifact.isPortable(path: path) {
            throw StageFailure("the output '\(path)' is not a path below outputs/: relative, without '..'")
        }
    }

    /// Files that were made but not declared, sorted.
    var undeclared: [String] { found.filter { !$0.entry.isFolder && !isDeclared($0.path) }.map(\.path) }

    /// Copies what was declared, with plain modes.
    ///
    /// - Throws: `StageFailure` where a declared path is missing, or is or holds anything but files and folders.
    func copy(to outputs: OpenFolder) throws {
        let missing = declared.filter { !paths.contains(Array($0.utf8)) && otherAbove($0) == nil }
        guard missing.isEmpty else {
            let there = found.filter { !$0.entry.isFolder }.map { "outputs/\($0.path)" }
            throw StageFailure(
                "the command did not make \(Self.list(missing.map { "outputs/\($0)" })); it made "
                    + (there.isEmpty ? "no file" : Self.list(there)))
        }
        if let other = declared.lazy.compactMap(otherAbove).first { throw Self.refusal(of: other) }
        let kept = found.filter { isDeclared($0.path) && !$0.entry.isFolder }
        if let fault = FileNames.fault(in: kept.lazy.map(\.path)) {
            throw StageFailure("the command made files that cannot be kept in outputs/: \(fault)")
        }
        for file in kept {
            guard file.entry.isFile else { throw Self.refusal(of: file.path) }
            guard file.entry.status.st_nlink <= nameCounts[UInt64(file.entry.status.st_ino), default: 0] else {
                throw StageFailure("outputs/\(file.path) is a hard link to a file outside of outputs/; copy the file instead")
            }
        }
        for file in kept { try copy(file, to: outputs) }
    }

    private func copy(_ file: Found, to outputs: OpenFolder) throws {
        let folders = Artifact.components(of: file.path).dropLast().map(OpenFolder.EntryName.init)
        let source: FileHandle
        do {
            source = try folders.reduce(made) { try OpenFolder($1, in: $0) }.file(file.entry.name)
        } catch {
            throw StageFailure("outputs/\(file.path) cannot be read: its mode must let its owner read it")
        }
        var status = stat()
        guard fstat(source.fileDescriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_ino == file.entry.status.st_ino, status.st_dev == file.entry.status.st_dev
        else { throw Self.refusal(of: file.path) }
        let copy = try folders.reduce(outputs) { try $0.madeFolder($1) }.newFile(file.entry.name)
        while let piece = try source.read(upToCount: 1 << 20), !piece.isEmpty { try copy.write(contentsOf: piece) }
        try copy.close()
    }

    private func isDeclared(_ path: String) -> Bool {
        declared.contains { path.utf8.elementsEqual($0.utf8) || path.utf8.starts(with: "\($0)/".utf8) }
    }

    /// The link, or other thing that is no folder, that a declared path would lead through.
    private func otherAbove(_ path: String) -> String? {
        found.first { !$0.entry.isFolder && path.utf8.starts(with: "\($0.path)/".utf8) }?.path
    }

    private static func refusal(of path: String) -> StageFailure {
        StageFailure("outputs/\(path) is a link or a special file; only files and folders can be kept")
    }

    /// At most twenty names.
    static func list(_ names: [String]) -> String {
        names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
    }
}
