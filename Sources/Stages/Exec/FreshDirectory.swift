import Foundation
import Kinds
import Programs

/// Where a command runs: `work/` with its inputs and an empty `outputs/`, and beside it a home and a place for temporary files.
struct FreshDirectory {
    /// What the command may write in: all but its inputs.
    let root: URL
    /// What only the inner root needs, out of the command's sight.
    private let places: URL
    var work: URL { root.appending(path: "work", directoryHint: .isDirectory) }
    var inputs: URL { work.appending(path: "inputs", directoryHint: .isDirectory) }
    var home: URL { root.appending(path: "home", directoryHint: .isDirectory) }
    var temporary: URL { root.appending(path: "tmp", directoryHint: .isDirectory) }
    /// Where the inner root is mounted.
    var mountPoint: URL { places.appending(path: "root", directoryHint: .isDirectory) }
    /// What the command sees as `/tmp`.
    var systemTemporary: URL { places.appending(path: "tmp", directoryHint: .isDirectory) }
    /// The folders that a command fills.
    let writable: [OpenFolder]
    /// `work/`, held open, so that the command cannot put another in its place.
    let openWork: OpenFolder

    /// The time of every input file, in seconds since 1970: the first day that a zip archive can hold. The files' real times
    /// would reach the archives that commands make.
    private static let inputTime = Date(timeIntervalSince1970: 315_532_800)

    /// Makes the directory and copies the inputs: the store's own files, to which the inputs are hard links, stay out of reach.
    init(at root: URL, inputs: URL) throws {
        self.root = root
        places = root.deletingLastPathComponent().appending(path: "exec-places", directoryHint: .isDirectory)
        for folder in [root, places] { OpenFolder.removeAll(at: folder.path) }
        let files = FileManager.default
        let work = root.appending(path: "work", directoryHint: .isDirectory)
        for folder in [
            work.appending(path: "outputs"), root.appending(path: "home"), root.appending(path: "tmp"),
            places.appending(path: "root"), places.appending(path: "tmp"),
        ] {
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try Self.copy(inputs, to: work.appending(path: "inputs", directoryHint: .isDirectory))
        openWork = try OpenFolder(at: work.path)
        writable = [try OpenFolder(at: root.path), try OpenFolder(at: places.appending(path: "tmp").path)]
    }

    private static func copy(_ source: URL, to destination: URL) throws {
        let files = FileManager.default
        try files.createDirectory(at: destination, withIntermediateDirectories: true)
        let exists = files.fileExists(atPath: source.path)
        let paths = exists ? try files.subpathsOfDirectory(atPath: source.path).sorted() : []
        for path in paths {
            let (old, new) = (source.appending(path: path).path, destination.appending(path: path).path)
            var status = stat()
            guard lstat(old, &status) == 0 else { throw StageFailure("\(old) cannot be read") }
            if status.st_mode & S_IFMT == S_IFDIR {
                try files.createDirectory(atPath: new, withIntermediateDirectories: true)
            } else {
                try files.copyItem(atPath: old, toPath: new)
                chmod(new, 0o644)
            }
        }
        // Folders after what is in them, which would change their times.
        for path in paths.reversed() + [""] {
            try files.setAttributes([.modificationDate: inputTime], ofItemAtPath: destination.appending(path: path).path)
        }
    }

    /// Removes all of it, whatever the command made of it.
    func remove() {
        for folder in [root, places] { OpenFolder.removeAll(at: folder.path) }
    }
}
