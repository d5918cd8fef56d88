import CanonicalJSON
import Foundation
import TestSupport
import Testing
import Words

@testable import Engine
@testable import Serving

/// Chats and completions with tiny models over real sockets: the answers are those of `Generator` alone.
@Suite(.mustEnd) struct ChatTests {
    let served: ServedModels
    let model: ServedModel

    init() throws {
        model = try ServedFixture.model()
        served = try ServedModels([model])
    }

    /// What the model says to a question, alone.
    private func alone(
        _ question: String, constrained: Bool = true, calls: CallBounds = CallBounds(), temperature: Double = 0,
        samples: Int = 1,
        seed: UInt64 = 0
    ) throws -> [GeneratedSequence] {
        var row = Row(id: "request", query: question, answers: [])
        row.functions = model.convention.task.functions.keys.sorted()
        let pattern = try constrained ? model.convention.pattern(of: row, calls: calls) : nil
        let constraint = pattern.map { TokenConstraint($0, vocabulary: model.convention.vocabulary()) }
        return try generate(
            try model.convention.promptTokens(of: row), constraint, temperature: temperature, samples: samples, seed: seed)
    }

    private func generate(
        _ prompt: [Int32], _ constraint: TokenConstraint? = nil, temperature: Double = 0, samples: Int = 1, seed: UInt64 = 0
    ) throws -> [GeneratedSequence] {
        let configuration = try ModelConfiguration(
            vocabularySize: model.convention.prompts.tokenizer.vocabularySize, hiddenSize: 32, layerCount: 2, headCount: 4,
            keyValueHeadCount: 2, intermediateSize: 64, maximumPositions: 1024)
        let options = GenerationOptions(
            maximumTokens: 64, stopTokens: Set(model.convention.prompts.endTokens), temperature: temperature, samples: samples,
            seed: seed)
        return try Generator(
            InferenceModel(Model(initializing: configuration, seed: 7)), workers: WorkerPool(threads: 1)
        ).generate([GenerationPrompt(prompt, constraint: constraint)], options: options)
    }

    private func calls(_ message: JSON?) -> [JSON] { message?["tool_calls"]?.array ?? [] }

    @Test func anAnswerHasTheFormOfOpenAI() throws {
        let response = try served.chat("turn the light on", ["tool_choice": "required"])
        #expect(response.status == 200 && response.headers["content-type"] == "application/json")
        let json = response.json
        #expect(
            json.writtenMembers.map(\.key) == [
                "id", "object", "created", "model", "system_fingerprint", "choices", "usage",
            ])
        #expect(json["object"] == "chat.completion" && json["model"] == "tiny" && json["system_fingerprint"] == "c0ffee7")
        #expect(json["id"]?.string?.hasPrefix("chatcmpl-") == true)
        let choice = try #require(json["choices"]?[0])
        #expect(choice["index"] == 0 && choice["finish_reason"] == "tool_calls" && choice["logprobs"] == .null)
        let message = try #require(choice["message"])
        #expect(message["role"] == "assistant" && message["content"] == .null)
        for call in calls(message) {
            #expect(call["id"]?.string?.count == 9 && call["type"] == "function")
            #expect(["set_light", "tell_time"].contains(call["function"]?["name"]?.string))
            let arguments = try JSON(parsing: try #require(call["function"]?["arguments"]?.string))
            #expect(arguments.object != nil)
        }
        let usage = try #require(json["usage"])
        let (prompt, answer) = (usage["prompt_tokens"]?.integer ?? 0, usage["completion_tokens"]?.integer ?? 0)
        #expect(prompt > 2 && answer > 0 && usage["total_tokens"] == .count(prompt + answer))
        #expect(usage["prompt_tokens_details"]?["cached_tokens"]?.integer != nil)
    }

    @Test(arguments: [(false, 0), (true, 0), (false, 0.8), (true, 0.8)])
    func aCallIsWhatTheModelSaysAlone(isRequired: Bool, temperature: Double) throws {
        let question = "turn the kitchen light off"
        let sequence = try alone(
            question, calls: CallBounds(isRequired: isRequired), temperature: temperature, seed: 3)[0]
        let text = sequence.text(with: model.convention.prompts.tokenizer)
        let wanted = try #require(CallStream.calls(in: text))
        let response = try served.chat(
            question,
            [
                "tool_choice": isRequired ? "required" : "auto", "temperature": .number(temperature), "seed": 3,
                "return_token_ids": true,
            ])
        let choice = try #require(response.json["choices"]?[0])
        #expect(choice["token_ids"] == .array(sequence.tokens.map { .count(Int($0)) }))
        #expect(calls(choice["message"]).compactMap { $0["function"]?["name"]?.string } == wanted.map(\.name))
        #expect(calls(choice["message"]).compactMap { $0["function"]?["arguments"]?.string } == wanted.map(\.arguments))
    }

    @Test func theTokensOfThePromptAreThoseOfTraining() throws {
        var row = Row(id: "row", query: "turn the light on", answers: [])
        row.functions = model.convention.task.functions.keys.sorted()
        row.background = RowBackground(instructions: "Be brief.", context: [])
        row.background.knowledge = ["The hall has a lamp."]
        let wanted = try model.convention.promptTokens(of: row)
        let messages: JSON = [
            ["role": "system", "content": "Be brief."],
            ["role": "user", "content": [["type": "text", "text": "turn the light on"]]],
        ]
        let response = try served.chat(
            "", ["messages": messages, "knowledge": ["The hall has a lamp."], "return_token_ids": true])
        #expect(response.json["prompt_token_ids"] == .array(wanted.map { .count(Int($0)) }))
    }

    /// Whatever an answer is, its parts come to the whole.
    @Test(
        arguments: [
            ["tool_choice": "required"], ["tool_choice": "none"], ["constrained": false],
            ["n": 3, "temperature": 1, "seed": 1],
            ["logprobs": true, "top_logprobs": 2, "tool_choice": "required"],
            [
                "response_format": [
                    "type": "json_schema",
                    "json_schema": [
                        "name": "x", "schema": ["type": "object", "properties": ["a": ["type": "integer"]], "required": ["a"]],
                    ],
                ]
            ],
        ] as [[String: JSON]])
    func aStreamComesToTheSame(members: [String: JSON]) throws {
        let whole = try served.chat("turn the light on", members).json
        var streaming = members
        (streaming["stream"], streaming["stream_options"]) = (true, ["include_usage": true])
        let response = try served.chat("turn the light on", streaming)
        #expect(response.status == 200 && response.headers["content-type"] == "text/event-stream")
        #expect(response.events.last == "[DONE]")
        let events = try response.events.dropLast().map { try JSON(parsingAsWritten: $0.utf8) }
        let last = try #require(events.last)
        #expect(last["choices"] == JSON.array([]))
        for count in ["prompt_tokens", "completion_tokens"] { #expect(last["usage"]?[count] == whole["usage"]?[count]) }
        for (index, choice) in (whole["choices"]?.array ?? []).enumerated() {
            let parts = events.flatMap { $0["choices"]?.array ?? [] }.filter { $0["index"] == .count(index) }
            #expect(parts.first?["delta"]?["role"] == "assistant")
            #expect(parts.compactMap { $0["finish_reason"]?.string } == [try #require(choice["finish_reason"]?.string)])
            let content = parts.compactMap { $0["delta"]?["content"]?.string }.joined()
            #expect(content == choice["message"]?["content"]?.string ?? "")
            var arguments: [String] = []
            for call in parts.flatMap({ $0["delta"]?["tool_calls"]?.array ?? [] }) {
                if call["function"]?["name"] != nil { arguments.append("") }
                arguments[arguments.count - 1] += call["function"]?["arguments"]?.string ?? ""
            }
            #expect(arguments == calls(choice["message"]).compactMap { $0["function"]?["arguments"]?.string })
            let told = parts.flatMap { $0["logprobs"]?["content"]?.array ?? [] }
            #expect(told == choice["logprobs"]?["content"]?.array ?? [])
        }
    }

    /// How many tokens a step gives an answer depends on the answers beside it.
    @Test(
        arguments: [
            ["tool_choice": "required"], ["tool_choice": "required", "logprobs": true], ["tool_choice": "none", "stop": "e"],
            ["constrained": false, "temperature": 1],
        ] as [[String: JSON]])
    func aStreamHasTheSameEventsInACrowd(members: [String: JSON]) throws {
        let body = ServedModels.chat("turn the light on", members.merging(["stream": true, "seed": 3]) { $1 })
        func choices(_ response: LoopbackClient.Response) throws -> [JSON?] {
            try response.events.dropLast().map { try JSON(parsing: $0)["choices"] }
        }
        let alone = try choices(try served.post("/v1/chat/completions", body))
        #expect(alone.count > 1)
        let clients = try (0..<32).map { _ in try LoopbackClient(port: served.port) }
        for client in clients {
            client.send("POST", "/v1/chat/completions", body: body.writtenBytes, headers: ["Content-Type: application/json"])
        }
        for client in clients { #expect(try choices(try client.response()) == alone) }
    }

    @Test func likelihoodsAreToldOfEveryToken() throws {
        let json = try served.chat("turn the light on", ["logprobs": true, "top_logprobs": 3, "tool_choice": "required"]).json
        let told = try #require(json["choices"]?[0]?["logprobs"]?["content"]?.array)
        #expect(json["usage"]?["completion_tokens"] == JSON.count(told.count))
        for token in told {
            #expect(token["token"]?.string != nil && token["logprob"]?.double ?? 1 <= 0 && token["bytes"]?.array != nil)
            let others = (token["top_logprobs"]?.array ?? []).compactMap { $0["logprob"]?.double }
            #expect(others.count == 3 && others == others.sorted(by: >))
        }
    }

    @Test func anObjectHasTheSchemasForm() throws {
        let schema: JSON = .object(inOrder: [
            ("type", "object"),
            (
                "properties",
                .object(inOrder: [("zone", ["enum": ["a", "b"]]), ("count", ["type": "integer"])])
            ), ("required", ["zone", "count"]),
        ])
        let format: JSON = ["type": "json_schema", "json_schema": ["name": "place", "schema": schema]]
        let json = try served.chat("turn the light on", ["response_format": format]).json
        let content = try #require(json["choices"]?[0]?["message"]?["content"]?.string)
        let object = try JSON(parsingAsWritten: content.utf8)
        #expect(object.writtenMembers.map(\.key) == ["zone", "count"])
        #expect(object["count"]?.integer != nil && ["a", "b"].contains(object["zone"]?.string))
    }

    @Test func aTextGoesOnAsTheModelSaysAlone() throws {
        let tokenizer = model.convention.prompts.tokenizer
        let prompt = tokenizer.encodePlainText("turn the").map { Int32($0) }
        let wanted = try generate(prompt, temperature: 1, samples: 2, seed: 5)
        let body: JSON = [
            "model": "tiny", "prompt": "turn the", "n": 2, "temperature": 1, "seed": 5, "logprobs": 1, "return_token_ids": true,
        ]
        let json = try served.post("/v1/completions", body).json
        #expect(json["object"] == "text_completion")
        for (index, sequence) in wanted.enumerated() {
            let choice = try #require(json["choices"]?[index])
            #expect(choice["token_ids"] == .array(sequence.tokens.map { .count(Int($0)) }))
            #expect(choice["text"]?.string == sequence.text(with: tokenizer))
            #expect(choice["logprobs"]?["tokens"]?.array?.count == sequence.tokens.count)
        }
        let numbers: JSON = [
            "model": "tiny", "prompt": .array(prompt.map { .count(Int($0)) }), "n": 2, "temperature": 1, "seed": 5,
        ]
        let texts = try served.post("/v1/completions", numbers).json["choices"]?.array?.map { $0["text"] }
        #expect(texts == json["choices"]?.array?.map { $0["text"] })
    }

    @Test func aStopTextEndsAnAnswer() throws {
        let body: JSON = ["model": "tiny", "prompt": "turn the", "max_tokens": 40, "temperature": 1, "seed": 5]
        let text = try #require(try served.post("/v1/completions", body).json["choices"]?[0]?["text"]?.string)
        let scalars = Array(text.unicodeScalars)
        let place = try #require(scalars.firstIndex { $0.properties.isAlphabetic && $0.isASCII })
        let wanted = String(String.UnicodeScalarView(scalars[..<place]))
        for isStreamed in [false, true] {
            let stopping = body.merging(["stop": .string(String(scalars[place])), "stream": .bool(isStreamed)])
            let response = try served.post("/v1/completions", stopping)
            let parts = try isStreamed ? response.events.dropLast().map { try JSON(parsing: $0) } : [response.json]
            #expect(parts.compactMap { $0["choices"]?[0]?["text"]?.string }.joined() == wanted)
            #expect(parts.last?["choices"]?[0]?["finish_reason"] == "stop")
        }
    }

    /// The engine that answers decides, and what it reads of the prompt is not read again.
    @Test(arguments: [(threshold: 0.0, isCalled: false), (threshold: 2.0, isCalled: true)])
    func aThresholdDecidesBetweenCallsAndNone(threshold: Double, isCalled: Bool) throws {
        let served = try ServedModels([ServedFixture.model(callThreshold: threshold)])
        for isFirst in [true, false] {
            let json = try served.chat("turn the kitchen light off and on again, and then turn it off").json
            let choice = try #require(json["choices"]?[0])
            #expect(choice["finish_reason"]?.string == (isCalled ? "tool_calls" : "stop"))
            #expect((choice["message"]?["tool_calls"]?.array?.isEmpty == false) == isCalled)
            let known = json["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.integer ?? 0
            #expect(isFirst ? known == 0 : known >= 16)
        }
    }

    /// The decision is taken, and the calls are not: the client is told.
    @Test func whatIsRefusedBehindADecisionIsAnswered() throws {
        let limits = EngineLimits(places: 1, waiting: 1)
        let served = try ServedModels([ServedFixture.model(callThreshold: 2, limits: limits)])
        let refused = try served.chat("turn the light on", ["n": 64])
        #expect(refused.status == 429 && refused.json["error"]?["code"] == "queue_full")
        #expect(try served.chat("turn the light on").status == 200)
    }

    /// Lists in lists: a grammar that doubled with each level would not end.
    @Test func aSchemaOfManyLevelsIsNoBurden() throws {
        let deep = (0..<25).reduce(["type": "integer"] as JSON) { inner, _ in ["type": "array", "items": inner] }
        let schema: JSON = ["type": "object", "properties": ["deep": deep], "required": ["deep"]]
        let format: JSON = ["type": "json_schema", "json_schema": ["name": "deep", "schema": schema]]
        #expect(try served.chat("turn the light on", ["response_format": format, "max_tokens": 200]).status == 200)
        let long: JSON = ["const": .string(String(repeating: "x", count: 40_000))]
        let large: JSON = ["type": "object", "properties": ["long": long], "required": ["long"]]
        let refused = try served.chat(
            "turn the light on",
            ["response_format": ["type": "json_schema", "json_schema": ["name": "large", "schema": large]]])
        #expect(refused.status == 400 && refused.json["error"]?["param"] == "response_format")
        let stops = try served.chat("turn the light on", ["stop": .string(String(repeating: " ", count: 300))])
        #expect(stops.status == 400 && stops.json["error"]?["param"] == "stop")
    }

    /// What tests of speed ask: as many tokens as they say, of answers that nothing holds to a schema.
    @Test func anAnswerMayGoOnBehindItsEnd() throws {
        func asked(_ seed: Int) -> JSON {
            [
                "model": "tiny", "prompt": "turn the", "max_tokens": 200, "temperature": 2, "seed": .count(seed),
                "repetition_penalty": 1,
            ]
        }
        // One that ends by itself before.
        let seed = try #require(
            try (0..<20).first { seed in
                try served.post("/v1/completions", asked(seed)).json["choices"]?[0]?["finish_reason"] == "stop"
            })
        let forced = asked(seed).merging(["ignore_eos": true])
        let json = try served.post("/v1/completions", forced).json
        #expect(json["usage"]?["completion_tokens"] == 200 && json["choices"]?[0]?["finish_reason"] == "length")
        let refused = try served.chat("turn the light on", ["ignore_eos": true])
        #expect(refused.status == 400 && refused.json["error"]?["param"] == "ignore_eos")
        let penalized = try served.post("/v1/completions", forced.merging(["repetition_penalty": 1.1]))
        #expect(penalized.status == 400 && penalized.json["error"]?["param"] == "repetition_penalty")
    }

    @Test func aPromptThatWasReadIsNotReadAgain() throws {
        let question = String(repeating: "turn the kitchen light off and on again ", count: 6)
        _ = try served.chat(question)
        let usage = try #require(try served.chat(question).json["usage"])
        #expect(usage["prompt_tokens_details"]?["cached_tokens"]?.integer ?? 0 >= 16)
    }
}
