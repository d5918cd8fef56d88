import Foundation
import Kinds
import Programs

/// Where a command runs: `work/` with its inputs and an empty `outputs/`, and beside it a home and a place for temporary files.
struct FreshDirectory {
    private let root: URL
    var work: URL { root.appending(path: "work", directoryHint: .isDirectory) }
    var outputs: URL { work.appending(path: "outputs", directoryHint: .isDirectory) }
    var home: URL { root.appending(path: "home", directoryHint: .isDirectory) }
    var temporary: URL { root.appending(path: "tmp", directoryHint: .isDirectory) }

    /// The time of every input file, in seconds since 1970: the first day that a zip archive can hold. The files' real times
    /// would reach the archives that commands make.
    private static let inputTime = Date(timeIntervalSince1970: 315_532_800)

    /// Makes the directory and copies the inputs, so that the command cannot damage the store's own files.
    init(at root: URL, inputs: URL) throws {
        self.root = root
        remove()
        for folder in [outputs, home, temporary] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try Self.copy(inputs, to: work.appending(path: "inputs", directoryHint: .isDirectory))
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

    /// Removes all of it. What a killed command started may need a moment to end, and makes files until then.
    func remove() {
        for _ in 0..<40 {
            try? FileManager.default.removeItem(at: root)
            var status = stat()
            if lstat(root.path, &status) != 0 { return }
            usleep(50_000)
        }
    }
}

/// The kernel's way to take the network from a command: namespaces, through util-linux's `unshare`.
enum NetworkNamespace {
    /// What to put in front of a command, so that it and all that it starts have no network and end together; `nil` where
    /// this machine allows no such thing.
    ///
    /// A shell is the first process inside: the kernel spares the first one from signals that would end any other.
    static let prefix: [String]? = {
        let root = URL(fileURLWithPath: "/")
        guard let unshare = try? Program.find("unshare", along: Exec.path, from: root) else { return nil }
        let entering = [
            "--user", "--map-current-user", "--net", "--pid", "--fork", "--kill-child", "--",
            "/bin/sh", "-c", #""$@"; exit $?"#, "sh",
        ]
        let trial = Program(unshare, entering + ["true"], environment: ["PATH": Exec.path], directory: root)
        guard (try? trial.run(timeLimit: 10)) == .exited(status: 0) else { return nil }
        return [unshare] + entering
    }()

    /// The shell's statuses beyond 128 stand for signals.
    static func ending(_ ending: Program.Ending) -> Program.Ending {
        guard case .exited(let status) = ending, (129...192).contains(status) else { return ending }
        return .ended(signal: status - 128)
    }
}
