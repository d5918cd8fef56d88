import Foundation

/// Another program that does part of the work: pip, git, bsdtar.
struct ExternalProgram {
    let name: String
    /// Debian's, for the message where it is missing.
    let package: String

    /// Runs the program to its end in the environment of this process, without a terminal to ask at.
    ///
    /// - Parameter output: where its standard output goes; it is returned otherwise.
    /// - Throws: `FetchError` where it is missing or ends badly, with its last lines.
    @discardableResult
    func run(_ arguments: [String], in directory: URL, output file: URL? = nil) throws(FetchError) -> String {
        guard let path = Self.find(name) else { throw .missingProgram(name, package: package) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.merging(["GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        let scratch = directory.appending(path: ".output-\(UUID().uuidString)")
        let errors = directory.appending(path: ".errors-\(UUID().uuidString)")
        defer { for file in [scratch, errors] { try? FileManager.default.removeItem(at: file) } }
        do {
            for file in [file ?? scratch, errors] { try Data().write(to: file) }
            process.standardOutput = try FileHandle(forWritingTo: file ?? scratch)
            process.standardError = try FileHandle(forWritingTo: errors)
            try process.run()
        } catch {
            throw .failed(program: name, reason: error.localizedDescription)
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let words = String(decoding: (try? Data(contentsOf: errors)) ?? Data(), as: UTF8.self)
                .split(separator: "\n").suffix(4).joined(separator: "; ")
            throw .failed(program: name, reason: words.isEmpty ? "status \(process.terminationStatus)" : words)
        }
        return file == nil ? String(decoding: (try? Data(contentsOf: scratch)) ?? Data(), as: UTF8.self) : ""
    }

    private static func find(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
    }
}
