import CanonicalJSON
import Foundation
import Testing

/// A server of chat completions on this machine, as a person's recipe would name one.
final class ModelServer {
    let folder = URL.temporaryDirectory.appending(path: "decant-model-\(UUID().uuidString)", directoryHint: .isDirectory)
    let port: Int
    private let process = Process()
    /// The server ends when this process lets go of its input.
    private let lifeline = Pipe()

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", DecantProgram.root.appending(path: "Tests/Fixtures/endpoint/server.py").path, folder.path,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = lifeline
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .newlines)))
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Makes the server misbehave, as the script says.
    func set(_ switches: JSON) throws {
        try Data(switches.canonicalBytes).write(to: folder.appending(path: "switches.json"), options: .atomic)
    }

    /// All requests so far.
    func requests() -> [JSON] {
        let text = (try? String(contentsOf: folder.appending(path: "requests"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }
    }

    /// Of the requests that were answered.
    func answeredSeeds() -> [Int] { requests().filter { $0["what"] == "answer" }.compactMap { $0["seed"]?.integer } }

    /// A teacher behind this server, and a student that learns from its answers.
    func program(_ endpoint: String = "", sample: String = "samples: 1", count: Int = 120) throws -> DecantProgram {
        try DecantProgram(
            recipe: """
                decant: 1
                name: asked
                sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
                data:
                  generate: {functions: functions, templates: utterances, count: \(count), seed: 3, hold_out: {templates: 15%, values: 10%}}
                  split: {test: 15%, valid: 5%, ood: {functions: [find_phone]}}
                tokenizer: {vocabulary: 300}
                teacher: {endpoint: {url: "http://127.0.0.1:\(port)/v1", model: large, timeout: 3 s\(endpoint)}}
                student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
                sample: {\(sample)}
                judge: {kind: ast, keep: 1}
                transfer: "RFT(steps: 10)"
                evaluate: {sets: [test]}
                """)
    }
}
