import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Kinds

/// A stage directory with an `exec` action in it, run as a runner runs it: `decant stage run DIRECTORY`.
final class ExecRun {
    private let place: TemporaryFolder
    var folder: URL { place.url }
    private(set) var status: Int32 = -1
    private(set) var log = ""
    private(set) var output = ""

    /// - Parameter inputs: contents by `input/file`, read-only as the store's files are.
    init(_ exec: Exec, inputs: [String: String] = [:]) throws {
        place = TemporaryFolder()
        try FileManager.default.createDirectory(at: folder.appending(path: "outputs"), withIntermediateDirectories: true)
        for (path, content) in inputs {
            try place.write(content, to: "inputs/\(path)")
            chmod(place.file("inputs/\(path)").path, 0o444)
        }
        let action = Action(
            kind: Exec.name, revision: Exec.revision, parameters: try exec.json,
            inputs: Set(inputs.keys.map { $0.prefix { $0 != "/" } }).sorted().map {
                .init(name: String($0), artifact: Digest(hashing: ""))
            }, numerics: .portable)
        try Data(action.encoding.canonicalBytes).write(to: folder.appending(path: "action.json"))
    }

    convenience init(_ script: String, outputs: [String] = ["out"], inputs: [String: String] = [:]) throws {
        try self.init(Self.shell(script, outputs: outputs), inputs: inputs)
        try run()
    }

    static func shell(
        _ script: String, environment: [String: String] = [:], outputs: [String] = ["out"], timeLimit: Double = 300,
        memory: Int = 0
    ) -> Exec {
        Exec(
            command: ["sh", "-c", script], environment: environment, outputs: outputs, timeLimit: timeLimit, memory: memory)
    }

    /// - Parameter wrapper: a command that is put in front of the program.
    @discardableResult
    func run(
        wrapper: [String] = [], options: [String] = [], environment: [String: String] = ["DECANT_SECRET": "leaked"]
    ) throws -> ExecRun {
        let process = try start(wrapper: wrapper, options: options, environment: environment)
        process.waitUntilExit()
        status = process.terminationStatus
        log = try String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
        output = try String(contentsOf: folder.appending(path: "progress"), encoding: .utf8)
        return self
    }

    /// The runner's lifeline: the stage ends when nobody holds it any more.
    private let lifeline = Pipe()

    func start(
        wrapper: [String] = [], options: [String] = [], environment: [String: String] = [:]
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = wrapper + [Checkout.program.path, "stage", "run", folder.path] + options
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = lifeline
        for (name, stream) in [("progress", \Process.standardOutput), ("log", \Process.standardError)] {
            let file = folder.appending(path: name)
            _ = FileManager.default.createFile(atPath: file.path, contents: nil)
            process[keyPath: stream] = try FileHandle(forWritingTo: file)
        }
        try process.run()
        return process
    }

    func text(_ path: String) throws -> String {
        try String(contentsOf: folder.appending(path: "outputs/\(path)"), encoding: .utf8)
    }

    /// Gives the folder to a user without privileges.
    func give(to user: Int) throws {
        try ProgramRun.output(of: ["chown", "-R", "\(user):\(user)", folder.path])
    }

    /// Seconds that no other process of this machine sleeps, so that one is found by them.
    static func mark() -> String { "86400.\(Int.random(in: 100_000_000...999_999_999))" }

    /// Whether a process runs whose arguments hold the text.
    static func isRunning(_ text: String) -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { name in
            guard Int(name) != nil, let line = try? Data(contentsOf: URL(filePath: "/proc/\(name)/cmdline")) else {
                return false
            }
            return String(decoding: line, as: UTF8.self).contains(text)
        }
    }

    /// All below `outputs/`, sorted.
    var files: [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder.appending(path: "outputs").path)) ?? []).sorted()
    }

    /// What lies in the stage's directory, sorted.
    var leftovers: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }
}
