import Foundation
import Testing

/// A program that ran to its end.
package struct ProgramRun: Sendable {
    package var status: Int32
    package var output: String
    package var errors: String

    /// Runs a command that `PATH` knows and waits for its end.
    ///
    /// - Parameters:
    ///   - environment: all that the program sees; this process's environment by default.
    ///   - mergesErrors: standard error goes where standard output goes.
    package init(
        _ command: [String], in folder: URL? = nil, environment: [String: String]? = nil, input: Data? = nil,
        mergesErrors: Bool = false
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = folder
        process.environment = environment
        let feed = Pipe()
        process.standardInput = feed
        let output = Pipe()
        process.standardOutput = output
        process.standardError = mergesErrors ? output : Pipe()
        try process.run()
        // The three streams are served side by side, or a full pipe would stop the program.
        DispatchQueue.global().async {
            if let input { try? feed.fileHandleForWriting.write(contentsOf: input) }
            try? feed.fileHandleForWriting.close()
        }
        self.init(readingToTheEndOf: process)
    }

    /// Reads both outputs of a running program, which must be pipes, and waits for its end.
    package init(readingToTheEndOf process: Process) {
        nonisolated(unsafe) var errors = Data()
        let group = DispatchGroup()
        if let pipe = process.standardError as? Pipe, pipe !== process.standardOutput as? Pipe {
            let handle = pipe.fileHandleForReading
            DispatchQueue.global().async(group: group) { errors = handle.readDataToEndOfFile() }
        }
        let output = (process.standardOutput as? Pipe)?.fileHandleForReading.readDataToEndOfFile() ?? Data()
        group.wait()
        process.waitUntilExit()
        status = process.terminationStatus
        self.output = String(decoding: output, as: UTF8.self)
        self.errors = String(decoding: errors, as: UTF8.self)
    }

    /// The output of a command that must end with status 0.
    @discardableResult
    package static func output(
        of command: [String], in folder: URL? = nil, environment: [String: String]? = nil, input: Data? = nil,
        mergesErrors: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let run = try ProgramRun(command, in: folder, environment: environment, input: input, mergesErrors: mergesErrors)
        try #require(
            run.status == 0, "\(command.joined(separator: " ")): \(run.output)\(run.errors)", sourceLocation: sourceLocation)
        return run.output
    }

    /// Makes a program out of a script.
    ///
    /// Another process writes it. One that this process starts meanwhile would for a moment hold the file open to be written, and
    /// the kernel runs no such file ("text file busy").
    package static func makeProgram(_ script: String, at file: URL) throws {
        try output(of: ["install", "-D", "-m", "755", "/dev/stdin", file.path], input: Data(script.utf8))
    }

    /// What `env` needs to start a program that hears signals, also where the tests run under `nohup` or in the background, which
    /// have some of them ignored.
    package static let hearingSignals = "--default-signal=HUP,INT,TERM"

    package static func succeeds(_ command: [String]) -> Bool { (try? ProgramRun(command))?.status == 0 }

    /// An environment that knows no configuration of this machine, for git among others.
    package static func isolated(home: URL, _ more: [String: String] = [:]) -> [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": home.path, "LC_ALL": "C",
            "GIT_CONFIG_GLOBAL": home.appending(path: "gitconfig").path, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
        ].merging(more) { $1 }
    }
}
