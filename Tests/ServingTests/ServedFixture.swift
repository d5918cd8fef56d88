import CanonicalJSON
import Foundation
import Synchronization
import TestSupport
import Words

@testable import Engine
@testable import Serving

/// Tiny models with weights drawn at random: what they say means nothing, and is always the same.
enum ServedFixture {
    static let tools: JSON = [
        [
            "type": "function",
            "function": [
                "name": "set_light", "description": "Turn a light on or off.",
                "parameters": [
                    "type": "object", "required": ["on", "room"],
                    "properties": ["room": ["type": "string", "enum": ["hall", "kitchen"]], "on": ["type": "boolean"]],
                ],
            ],
        ],
        ["type": "function", "function": ["name": "tell_time", "description": "Tell the time."]],
    ]

    static let functions: [String: FunctionDefinition] = {
        let list = (tools.array ?? []).compactMap { try? FunctionDefinition(tool: $0) }
        return Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0) })
    }()

    private static let texts = [
        "turn the light on in the hall", "turn the kitchen light off", "what time is it", "good bad fine", "ein schöner Tag",
    ]

    static func model(
        _ name: String = "tiny", _ description: TaskDescription = .calls, style: PromptStyle = .query, seed: UInt64 = 7,
        callThreshold: Double? = nil, limits: EngineLimits = EngineLimits()
    ) throws -> ServedModel {
        let folder = TemporaryFolder()
        let tokenizer = try TokenizerTrainer(vocabularySize: 320).train(on: texts)
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
            intermediateSize: 64, maximumPositions: 1024)
        let model = Model(initializing: configuration, seed: seed)
        try ModelFolder(folder.url).write(model)
        try tokenizer.write(to: folder.url, format: style)
        let task = try description.task(functions: description.kind == .calls ? functions : [:])
        let prompts = try ModelFolder(folder.url).prompts(task.markup(of: style), callsNatively: task.kind == .calls)
        return ServedModel(
            ServedModel.Identity(
                name: name, commit: "c0ffee\(seed)", lineage: ["name": .string(name), "commit": "c0ffee", "stages": []],
                created: 1),
            InferenceModel(model), convention: AnswerConvention(task, style: style, answerStyle: .call, prompts: prompts),
            withFunctions: nil, usualTokens: 64, callThreshold: callThreshold, workers: WorkerPool(threads: 2), limits: limits)
    }
}

/// A server of tiny models on a free port, until it goes.
final class ServedModels {
    let server: ModelServer
    let port: Int
    /// The lines of the access log.
    let lines: Lines

    final class Lines: Sendable {
        private let list = Mutex<[JSON]>([])

        func add(_ line: JSON) { list.withLock { $0.append(line) } }
        var all: [JSON] { list.withLock { $0 } }
    }

    init(
        _ models: [ServedModel]? = nil, keys: String? = nil, change: (inout ServingLimits) -> Void = { _ in }
    ) throws {
        var settings = ModelServer.Settings(version: "1")
        settings.keys = try keys.map { try APIKeys(parsing: $0) }
        let lines = Lines()
        settings.log = { lines.add($0) }
        self.lines = lines
        change(&settings.limits)
        server = ModelServer(try models ?? [ServedFixture.model()], settings)
        port = try server.listen(at: .init(host: "127.0.0.1", port: 0)).port
    }

    deinit { server.drain() }

    func post(_ path: String, _ json: JSON, headers: [String] = []) throws -> LoopbackClient.Response {
        try LoopbackClient.post(path, json, port: port, headers: headers)
    }

    func get(_ path: String, headers: [String] = []) throws -> LoopbackClient.Response {
        try LoopbackClient.get(path, port: port, headers: headers)
    }

    /// A chat with one question and further members.
    func chat(_ question: String = "turn the light on", _ members: [String: JSON] = [:]) throws -> LoopbackClient.Response {
        try post("/v1/chat/completions", Self.chat(question, members))
    }

    static func chat(_ question: String, _ members: [String: JSON]) -> JSON {
        let usual: [String: JSON] = ["model": "tiny", "messages": [["role": "user", "content": .string(question)]]]
        return .object(usual.merging(members) { $1 })
    }
}
