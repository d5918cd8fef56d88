import BuildModel
import CanonicalJSON
import Foundation
import HTTP
import TestSupport

@testable import Endpoints
@testable import Store

/// A server of chat completions on this machine, with a store and questions to ask.
final class EndpointServer: FixtureServer {
    convenience init() throws { try self.init("endpoint/server.py") }

    var url: String { "http://127.0.0.1:\(port)/v1" }

    /// What was asked since the last call.
    func requests() throws -> [JSON] {
        defer { forgetRequests() }
        return try requestLines().map { try JSON(parsing: $0) }
    }

    func store(_ name: String = "store") throws -> Store { try Store(at: folder.appending(path: name)) }

    func access(_ change: (inout EndpointAccess) -> Void = { _ in }) -> EndpointAccess {
        var access = EndpointAccess(url: url, timeout: 60)
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
