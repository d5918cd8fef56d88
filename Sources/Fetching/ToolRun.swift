import Dispatch
import Foundation
import HTTP
import Programs

/// A run of a program that this machine has, for one fetch.
struct ToolRun {
    let program: String
    let environment: [String: String]
    let workspace: FetchWorkspace

    /// Seconds.
    private static let longest = 6.0 * 3600

    /// Runs the program in the workspace's scratch directory.
    ///
    /// - Returns: what it wrote to its standard output.
    /// - Throws: `programFailed` with the last of what it wrote to its standard error.
    @discardableResult
    func callAsFunction(_ arguments: [String]) async throws(FetchError) -> String {
        let output = workspace.scratch.appending(path: "\(program).output")
        let errors = workspace.scratch.appending(path: "\(program).errors")
        let ending: Program.Ending
        do {
            let path = try Program.find(program, along: environment["PATH"] ?? "/usr/bin:/bin", from: workspace.scratch)
            // What it downloads has the limits of our own downloads; `ulimit` counts in blocks of 512 bytes.
            let limit = "ulimit -f \(FileDownload.mostBytes / 512) && exec \"$0\" \"$@\""
            let tool = Program(
                "/bin/sh", ["-c", limit, path] + arguments, environment: environment, directory: workspace.scratch)
            ending = try await tool.finish(output: output, errors: errors, timeLimit: Self.longest)
        } catch {
            if case .notFound = error { throw .programMissing(origin: workspace.label, program: program) }
            throw .programFailed(origin: workspace.label, program: program, reason: error.description)
        }
        if ending == .ended(signal: SIGXFSZ) || ending == .outOfTime {
            let reason =
                ending == .outOfTime
                ? "it took longer than \(Int(Self.longest)) seconds" : "a file has more than \(FileDownload.mostBytes) bytes"
            throw .programFailed(origin: workspace.label, program: program, reason: reason)
        }
        guard ending == .exited(status: 0) else {
            throw .programFailed(origin: workspace.label, program: program, reason: Self.end(of: errors))
        }
        return Self.text(of: output, limit: 16 << 20)
    }

    private static func end(of errors: URL) -> String {
        let lines = text(of: errors, limit: 1 << 20).split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        return lines.isEmpty ? "nothing" : lines.suffix(3).joined(separator: " / ")
    }

    private static func text(of file: URL, limit: Int) -> String {
        guard let handle = try? FileHandle(forReadingFrom: file) else { return "" }
        defer { try? handle.close() }
        return String(decoding: (try? handle.read(upToCount: limit)) ?? Data(), as: UTF8.self)
    }
}

extension Program {
    /// Runs the program without holding up a thread of Swift's own.
    fileprivate func finish(output: URL, errors: URL, timeLimit: Double) async throws(ProgramError) -> Ending {
        let result: Result<Ending, ProgramError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let result = Result { () throws(ProgramError) in
                    try run(output: .file(output), errors: .file(errors), timeLimit: timeLimit)
                }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}

/// Distributions of Python packages, through pip: it knows this machine's index and credentials.
struct PyPI {
    let environment: [String: String]

    /// Downloads the wheel of `name==version`.
    func download(_ requirement: String, _ workspace: FetchWorkspace) async throws(FetchError) -> URL {
        let pattern = /[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?==[A-Za-z0-9][A-Za-z0-9.!+_-]*/
        guard requirement.utf8.count <= 255, requirement.wholeMatch(of: pattern) != nil else {
            throw .invalid(requirement, expected: "a requirement of the form name==version")
        }
        let folder = workspace.scratch.appending(path: "wheels", directoryHint: .isDirectory)
        let python = ToolRun(program: "python3", environment: environment, workspace: workspace)
        try await python([
            "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input", "-q",
            "-d", folder.path, "--", requirement,
        ])
        let files = try FetchError.keeping(workspace.label) { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
        guard files.count == 1, let wheel = files.first else {
            throw .programFailed(origin: workspace.label, program: "pip", reason: "it gave \(files.count) files instead of one")
        }
        return folder.appending(path: wheel)
    }
}
