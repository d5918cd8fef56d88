import Foundation
import Programs

/// What reads Parquet and Arrow: Arrow's library in Rust, as wheels of Python packages. They are installed once per machine and
/// only where such files are read.
package struct ColumnLibrary: Sendable {
    /// The folder that holds the packages, and `python` beside them.
    package let folder: URL

    /// Pinned, so that every machine reads the same: pip checks the digests.
    static let requirements = """
        arro3-core==0.9.1 --hash=sha256:2b0dd4f5a064c05304c3027e999bbc194015719f499a2b9d01bfa71f4ed57795
        arro3-io==0.9.1 --hash=sha256:26510e1701f287243f2c4ac357492f08953c956a484243eb5d863b8ac9f1b133

        """
    /// A part of the folder's name: other packages go to another folder.
    private static let release = "arro3-0.9.1"
    /// - Parameter environment: `DECANT_READERS` names a folder for such libraries; else it is `decant/readers` in the user's
    ///   cache folder.
    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let own = environment["DECANT_READERS"].flatMap {
            $0.hasPrefix("/") ? URL(filePath: $0, directoryHint: .isDirectory) : nil
        }
        let readers = own ?? UserCache.folder(environment).appending(path: "readers", directoryHint: .isDirectory)
        folder = readers.appending(path: Self.release, directoryHint: .isDirectory)
    }

    package var isInstalled: Bool { access(python.path, X_OK) == 0 }

    /// The program that the packages were installed by.
    var python: URL { folder.appending(path: "python") }

    /// Why the packages are not there, in a sentence.
    package struct InstallationError: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Downloads and installs the packages with this machine's `python3 -m pip`; nothing where they are there already.
    ///
    /// - Parameter environment: what pip sees, settings of its index among it.
    package func install(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        if isInstalled { return }
        let manager = FileManager.default
        let parent = folder.deletingLastPathComponent()
        try manager.createDirectory(at: parent, withIntermediateDirectories: true)
        let unfinished = parent.appending(path: ".\(UUID().uuidString)", directoryHint: .isDirectory)
        try manager.createDirectory(at: unfinished, withIntermediateDirectories: false)
        defer { try? manager.removeItem(at: unfinished) }
        let list = unfinished.appending(path: "requirements.txt")
        try Self.requirements.write(to: list, atomically: false, encoding: .utf8)
        let python = try findPython(environment)
        let log = unfinished.appending(path: "pip.log")
        let pip = Program(
            python,
            [
                "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check",
                "--no-input", "--no-compile", "-q", "--target", unfinished.path, "-r", list.path,
            ], environment: environment, directory: unfinished)
        guard try pip.run(output: .file(log), errors: .file(log), timeLimit: 1800) == .exited(status: 0) else {
            throw InstallationError(
                description:
                    "the packages cannot be installed (they need Python 3.11 or newer with pip, as Debian's python3-pip "
                    + "brings): \(Self.end(of: log))")
        }
        try manager.createSymbolicLink(atPath: unfinished.appending(path: "python").path, withDestinationPath: python)
        // Another process may have been faster.
        guard rename(unfinished.path, folder.path) == 0 || isInstalled else {
            throw InstallationError(description: "\(folder.path) cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    private func findPython(_ environment: [String: String]) throws -> String {
        do {
            return try Program.find("python3", along: environment["PATH"] ?? "/usr/bin:/bin", from: folder)
        } catch {
            throw InstallationError(
                description: "\(error); install Python 3.11 or newer and pip first: apt-get install python3-pip")
        }
    }

    /// The last lines of a log, in one.
    static func end(of log: URL, lines count: Int = 3) -> String {
        let text = (try? Data(contentsOf: log)).map { String(decoding: $0.suffix(4096), as: UTF8.self) } ?? ""
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
        return lines.isEmpty ? "it says nothing" : lines.suffix(count).joined(separator: " / ")
    }
}
