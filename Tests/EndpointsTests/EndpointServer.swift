import BuildModel
import CanonicalJSON
import Foundation
import Testing

@testable import Endpoints
@testable import Store

/// A server of chat completions on this machine, with a store and questions to ask.
final class EndpointServer {
    let folder = URL.temporaryDirectory.appending(path: "decant-endpoint-\(UUID().uuidString)", directoryHint: .isDirectory)
    let port: Int
    private let process = Process()
    /// The server ends when this process lets go of its input.
    private let lifeline = Pipe()

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/endpoint/server.py")
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script.path, folder.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = lifeline
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .newlines)))
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    var url: String { "http://127.0.0.1:\(port)/v1" }

    /// Makes the server misbehave, as the script says.
    func set(_ switches: JSON) throws {
        try Data(switches.canonicalBytes).write(to: folder.appending(path: "switches.json"), options: .atomic)
    }

    /// What was asked since the last call.
    func requests() throws -> [JSON] {
        let file = folder.appending(path: "requests")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    }

    func store(_ name: String = "store") throws -> Store { try Store(at: folder.appending(path: name)) }

    func access(_ change: (inout EndpointAccess) -> Void = { _ in }) -> EndpointAccess {
        var access = EndpointAccess(url: url, timeout: 3)
        change(&access)
        return access
    }

    static func client(_ store: Store, keys: [String: String] = [:]) -> RecordingClient {
        RecordingClient(store: store, keys: EndpointKeys(keys), backoff: Backoff(first: 0.02, cap: 0.2))
    }

    static func questions(_ range: Range<Int>, model: String = "large", temperature: Double = 0.7) -> [ChatQuestion] {
        let tools = ChatTools([
            [
                "type": "function",
                "function": [
                    "name": "set_light", "description": "Turn a light on.",
                    "parameters": ["type": "object", "properties": ["room": ["type": "string"]], "required": ["room"]],
                ],
            ]
        ])
        return range.map {
            ChatQuestion(
                model: model, messages: [["role": "user", "content": .string("light \($0)")]], tools: tools,
                temperature: temperature, maxTokens: 64, seed: $0)
        }
    }
}
