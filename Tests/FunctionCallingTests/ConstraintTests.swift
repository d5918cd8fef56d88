import CanonicalJSON
import Testing
import Words

@testable import Engine

/// Answers that must be calls.
@Suite struct ConstraintTests {
    static let functions: [FunctionDefinition] = [
        FunctionDefinition(
            name: "set_light", summary: "",
            parameters: [
                "type": "object", "required": ["room"],
                "properties": [
                    "room": ["type": "string", "enum": ["kitchen", "kids' room", "kit"]], "level": ["type": "integer"],
                    "warmth": ["type": "number"], "on": ["type": "boolean"],
                ],
            ]),
        FunctionDefinition(
            name: "set_scene", summary: "",
            parameters: [
                "type": "object", "required": ["steps", "title"],
                "properties": [
                    "title": ["type": "string"],
                    "steps": [
                        "type": "array",
                        "items": [
                            "type": "object", "required": ["at"],
                            "properties": ["at": ["type": "integer"], "note": ["type": ["string", "null"]]],
                        ],
                    ],
                    "extra": ["type": "object"], "anything": [:],
                ],
            ]),
        FunctionDefinition(name: "stop \"now\"", summary: "", parameters: ["type": "object", "properties": [:]]),
    ]
    static let byName = Dictionary(uniqueKeysWithValues: functions.map { ($0.name, $0) })

    static let right: [[FunctionCall]] = [
        [],
        [FunctionCall(name: "set_light", arguments: ["room": "kitchen"])],
        [FunctionCall(name: "set_light", arguments: ["room": "kids' room", "level": -40, "on": true, "warmth": 0.25])],
        [
            FunctionCall(name: "stop \"now\"", arguments: [:]),
            FunctionCall(name: "set_light", arguments: ["room": "kit", "warmth": 2700]),
        ],
        [
            FunctionCall(
                name: "set_scene",
                arguments: [
                    "title": "Grüße \"an\" alle\n\t\\ 🌍 \u{1}",
                    "steps": [["at": 7], ["at": 0, "note": nil], ["at": 9, "note": "x"]],
                    "extra": ["a": [1, 2.5e-7]], "anything": [["b": "c"], 1e300, false],
                ])
        ],
        [FunctionCall(name: "set_scene", arguments: ["title": "", "steps": [], "extra": [:]])],
    ]

    let tokenizer: Tokenizer
    let vocabulary: Vocabulary
    let constraint: TokenConstraint

    init() throws {
        let texts = Self.right.map { PromptStyle.response(to: Row(id: "r", query: "", answers: $0)) }
        tokenizer = try TokenizerTrainer(vocabularySize: 420).train(on: Array(repeating: texts, count: 4).flatMap { $0 })
        vocabulary = Vocabulary(tokenizer)
        constraint = TokenConstraint(.calls(of: Self.functions), vocabulary: vocabulary)
    }

    private func accepts(_ text: String, _ functions: [FunctionDefinition] = Self.functions) -> Bool {
        var states = ByteStates(.calls(of: functions))
        let end = text.utf8.reduce(ByteStates.start) { states.state(after: $1, from: $0) }
        return states.isAccepting(end)
    }

    @Test func everyRightAnswerIsAllowedTokenByToken() throws {
        let end = try #require(tokenizer.id(of: .end).map(Int32.init))
        for calls in Self.right {
            let text = PromptStyle.response(to: Row(id: "r", query: "", answers: calls))
            #expect(accepts(text), "\(text)")
            let tokens = tokenizer.encodePlainText(text).map(Int32.init)
            var state = constraint.start
            for (place, token) in tokens.enumerated() {
                // With no more room than it needs.
                let mask = constraint.mask(in: state, tokensLeft: tokens.count - place, stopTokens: [end])
                #expect(mask.allows(token) && !mask.allows(end), "\(text), token \(place)")
                state = constraint.state(after: token, from: state)
            }
            #expect(constraint.isComplete(state))
            #expect(constraint.mask(in: state, tokensLeft: 9, stopTokens: [end]).tokens(below: 1000) == [end])
        }
    }

    @Test func otherTextsAreRefused() {
        for text in [
            "", "[", "[]]", "[] ", "{}", #"[{"name":"set_light","arguments":{}}]"#,
            #"[{"name":"set_light","arguments":{"room":"cellar"}}]"#, #"[{"name":"lamp","arguments":{}}]"#,
            #"[{"name":"set_light","arguments":{"room":"kit","level":1.5}}]"#,
            #"[{"name":"set_light","arguments":{"room":"kit","level":1}}]"#,
            #"[{"name":"set_light","arguments":{"level":01,"room":"kit"}}]"#,
            #"[{"name":"set_light","arguments":{"level":-0,"room":"kit"}}]"#,
            #"[{"name":"set_light", "arguments":{"room":"kit"}}]"#,
            #"[{"name":"set_scene","arguments":{"steps":[{}],"title":""}}]"#,
            #"[{"name":"set_scene","arguments":{"steps":[],"title":"\/"}}]"#,
        ] {
            #expect(!accepts(text), "\(text)")
        }
        #expect(accepts(#"[{"name":"set_light","arguments":{"level":1,"room":"kit"}}]"#))
    }

    @Test func noCandidatesAllowTheEmptyListAlone() {
        #expect(accepts("[]", []))
        #expect(!accepts("[{}]", []) && !accepts(#"[{"name":"","arguments":{}}]"#, []))
    }

    /// Whatever the form of the calls: a list of two is allowed, one of three is not.
    @Test func soManyCallsAreAllowedAtMost() {
        let call = FunctionDefinition(name: "stop", summary: "", parameters: ["type": "object", "properties": [:]])
        func accepts(_ text: String, _ pattern: BytePattern) -> Bool {
            var states = ByteStates(pattern)
            return states.accepts(text)
        }
        let one = #"{"name":"stop","arguments":{}}"#
        for count in 0...3 {
            let text = "[" + [String](repeating: one, count: count).joined(separator: ",") + "]"
            #expect(accepts(text, .calls(of: [call])))
            #expect(accepts(text, .calls(of: [call], atMost: 2)) == (count <= 2))
            #expect(accepts(text, .calls(of: [call], atMost: 1)) == (count <= 1))
        }
        let hermes = HermesForm()
        let spoken = "<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>"
        for count in 1...3 {
            let text = [String](repeating: spoken, count: count).joined(separator: "\n")
            #expect(accepts(text, hermes.pattern(of: [call], atMost: nil)))
            #expect(accepts(text, hermes.pattern(of: [call], atMost: 2)) == (count <= 2))
        }
    }

    /// Also where a call is made in any case; and texts that are copied stay so.
    @Test func aLimitOfCallsLeavesTheRestOfTheGrammar() throws {
        let end = try #require(tokenizer.id(of: .end).map(Int32.init))
        let encoder = PromptEncoder(tokenizer: tokenizer, format: .tools, markup: .decant, endTokens: [end])
        let functions = Dictionary(uniqueKeysWithValues: CopiedTextTests.functions.map { ($0.name, $0) })
        var constraints = AnswerConstraints(task: CallTask(functions: functions), prompts: encoder, mostCalls: 1)
        let row = Row(id: "r", query: "play x", functions: ["play"], answers: [])
        let free = try constraints.constraint(for: row)
        let made = constraints.callingConstraint(for: row)
        let calling = try #require(made)
        func ends(_ text: String, _ constraint: TokenConstraint) -> Bool {
            let state = tokenizer.encodePlainText(text).reduce(constraint.start) {
                constraint.state(after: Int32($1), from: $0)
            }
            return constraint.mask(in: state, tokensLeft: 100, stopTokens: [end]).allows(end)
        }
        func call(_ song: String) -> String { "{\"name\":\"play\",\"arguments\":{\"song\":\"\(song)\"}}" }
        for constraint in [free, calling] {
            #expect(ends("[\(call("x"))]", constraint))
            #expect(!ends("[\(call("x")),\(call("x"))]", constraint) && !ends("[\(call("y"))]", constraint))
        }
        #expect(ends("[]", free) && !ends("[]", calling))
    }

    @Test func specialTokensAreNeverAllowed() throws {
        let string = "[{\"name\":\"set_scene\",\"arguments\":{\"steps\":[],\"title\":\""
        let state = tokenizer.encodePlainText(string).reduce(constraint.start) { constraint.state(after: Int32($1), from: $0) }
        let mask = constraint.mask(in: state, tokensLeft: 1000, stopTokens: [])
        for special in SpecialToken.allCases { #expect(!mask.allows(Int32(try #require(tokenizer.id(of: special))))) }
        #expect(mask.tokens(below: 1000).count > 200)
    }

    /// A random model at temperature 2 writes nothing else than right calls, in time.
    @Test(arguments: [2, 3, 12, 40, 70]) func randomModelsWriteCalls(maximumTokens: Int) throws {
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize + 5, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
            intermediateSize: 16, maximumPositions: 128)
        let model = InferenceModel(Model(initializing: configuration, seed: 3))
        let end = try #require(tokenizer.id(of: .end).map(Int32.init))
        let options = GenerationOptions(
            maximumTokens: maximumTokens, stopTokens: [end], temperature: 2, samples: 60, seed: 11, constraint: constraint)
        let answers = try model.generate([[1, 2, 3]], options: options, workers: WorkerPool(threads: 2))
        for answer in answers {
            let text = answer.text(with: tokenizer)
            #expect(answer.isFinished)
            let calls = try CallParser.calls(in: text).get()
            for call in calls {
                let function = try #require(Self.byName[call.name])
                let row = Row(id: "r", query: "q", answers: [call])
                let verdict = AnswerJudge.ast.verdict(on: [call], for: row, functions: [function.name: function])
                #expect(verdict == .accepted, "\(text)")
                if call.name == "set_light" {
                    #expect(["kitchen", "kids' room", "kit"].contains(call.arguments["room"]?.string))
                }
            }
            #expect(accepts(text), "\(text)")
        }
        if maximumTokens >= 40 { #expect(Set(answers.map(\.tokens)).count > 20) }
    }

    /// Each prompt has its own candidates; none where it has none.
    @Test func promptsHaveConstraintsOfTheirOwn() throws {
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
            intermediateSize: 16, maximumPositions: 128)
        let generator = Generator(InferenceModel(Model(initializing: configuration, seed: 4)), workers: WorkerPool(threads: 1))
        let empty = TokenConstraint(.calls(of: []), vocabulary: vocabulary)
        let options = GenerationOptions(maximumTokens: 12, temperature: 2)
        let answers = try generator.generate(
            [GenerationPrompt([1], constraint: empty), GenerationPrompt([1]), GenerationPrompt([2], constraint: constraint)],
            options: options)
        #expect(answers[0].text(with: tokenizer) == "[]" && answers[0].end == .completion)
        #expect(answers[1].end == .limit)
        #expect(answers[2].text(with: tokenizer).hasPrefix("["))
    }
}
