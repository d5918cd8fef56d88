import CanonicalJSON
import Engine
import Testing
import Words

@Suite struct AnswerJudgeTests {
    static let functions = [
        "set_light": FunctionDefinition(
            name: "set_light", summary: "",
            parameters: [
                "type": "object",
                "properties": ["room": ["type": "string"], "level": ["type": "number"], "warm": ["type": "boolean"]],
                "required": ["room"],
            ]),
        "set_timer": FunctionDefinition(
            name: "set_timer", summary: "",
            parameters: ["type": "object", "properties": ["minutes": ["type": "integer"]], "required": ["minutes"]]),
    ]

    static func light(_ arguments: [String: JSON]) -> FunctionCall { FunctionCall(name: "set_light", arguments: arguments) }
    static func timer(_ minutes: JSON) -> FunctionCall { FunctionCall(name: "set_timer", arguments: ["minutes": minutes]) }
    static func row(_ answers: FunctionCall...) -> Row { Row(id: "r", query: "q", answers: answers) }

    struct Case: Sendable, CustomStringConvertible {
        var description: String
        var response: String
        var row: Row
        /// What each judge's reason contains; `nil` where it accepts.
        var ast: String?
        var exact: String?
    }

    static let cases: [Case] = [
        Case(
            description: "right", response: #"[{"name":"set_light","arguments":{"room":"hall","level":30}}]"#,
            row: row(light(["room": "hall", "level": 30]))),
        Case(
            description: "another function", response: #"[{"name":"set_timer","arguments":{"minutes":3}}]"#,
            row: row(light(["room": "hall"])), ast: "set_timer is called where set_light is wanted",
            exact: "set_timer is called where set_light is wanted"),
        Case(
            description: "a required argument is missing", response: #"[{"name":"set_light","arguments":{"level":3}}]"#,
            row: row(light(["room": "hall", "level": 3])), ast: "the required argument 'room' is missing",
            exact: "'room' is nothing where \"hall\" is wanted"),
        Case(
            description: "an optional argument is missing", response: #"[{"name":"set_light","arguments":{"room":"hall"}}]"#,
            row: row(light(["room": "hall", "level": 3])), ast: "the argument 'level' is missing", exact: "'level' is nothing"),
        Case(
            description: "an unknown argument", response: #"[{"name":"set_light","arguments":{"room":"hall","tone":1}}]"#,
            row: row(light(["room": "hall"])), ast: "has no argument 'tone'", exact: "'tone' is 1 where nothing is wanted"),
        Case(
            description: "an argument that nobody asked for",
            response: #"[{"name":"set_light","arguments":{"room":"hall","warm":true}}]"#,
            row: row(light(["room": "hall"])), ast: "'warm' is not asked for", exact: "'warm' is true"),
        Case(
            description: "a wrong value", response: #"[{"name":"set_light","arguments":{"room":"kitchen"}}]"#,
            row: row(light(["room": "hall"])), ast: "'room' is \"kitchen\" where \"hall\" is wanted", exact: "\"kitchen\""),
        Case(
            description: "a wrong type", response: #"[{"name":"set_timer","arguments":{"minutes":"3"}}]"#, row: row(timer(3)),
            ast: "which is no integer", exact: "'minutes' is \"3\" where 3 is wanted"),
        Case(
            description: "a real where an integer is asked for",
            response: #"[{"name":"set_timer","arguments":{"minutes":3.5}}]"#,
            row: row(timer(3)), ast: "which is no integer", exact: "3.5"),
        Case(
            description: "case, spaces and punctuation of a string",
            response: #"[{"name":"set_light","arguments":{"room":"Living-Room"}}]"#,
            row: row(light(["room": "living room"])), ast: nil, exact: "Living-Room"),
        Case(
            description: "two calls in the other order",
            response: #"[{"name":"set_timer","arguments":{"minutes":3}},{"name":"set_light","arguments":{"room":"hall"}}]"#,
            row: row(light(["room": "hall"]), timer(3))),
        Case(
            description: "one call twice where two are wanted",
            response: #"[{"name":"set_timer","arguments":{"minutes":3}},{"name":"set_timer","arguments":{"minutes":3}}]"#,
            row: row(timer(3), timer(4)), ast: "'minutes' is 3 where 4 is wanted", exact: "'minutes' is 3 where 4 is wanted"),
        Case(
            description: "a call too many",
            response: #"[{"name":"set_timer","arguments":{"minutes":3}},{"name":"set_timer","arguments":{"minutes":3}}]"#,
            row: row(timer(3)), ast: "2 calls where 1 are wanted", exact: "2 calls where 1 are wanted"),
        Case(description: "no call where none is wanted", response: "[]", row: row()),
        Case(
            description: "a call where none is wanted", response: #"[{"name":"set_timer","arguments":{"minutes":3}}]"#,
            row: row(),
            ast: "no call is wanted, but set_timer is called", exact: "no call is wanted"),
        Case(
            description: "no call where one is wanted", response: "[]", row: row(timer(3)), ast: "0 calls where 1 are wanted",
            exact: "0 calls"),
    ]

    @Test(arguments: cases)
    func decides(_ example: Case) {
        expect(.ast, example, reason: example.ast)
        expect(.exact, example, reason: example.exact)
    }

    private func expect(_ judge: AnswerJudge, _ example: Case, reason: String?) {
        switch judge.verdict(on: example.response, for: example.row, functions: Self.functions) {
        case .accepted: #expect(reason == nil, "\(judge) accepts: \(example)")
        case .rejected(let found):
            #expect(reason.map { found.contains($0) } ?? false, "\(judge) on \(example): \(found)")
        }
    }

    @Test(arguments: [
        ("turn it on", "is not JSON"), (#"{"name":"f","arguments":{}}"#, "is not a list of calls"),
        (#"[{"arguments":{}}]"#, "has no 'name'"), (#"[{"name":"f"}]"#, "has no 'arguments' object"),
        (#"[{"name":"f","arguments":[]}]"#, "has no 'arguments' object"), ("[1]", "has no 'name'"),
        (#"[{"name":"f","arguments":{},"why":1}]"#, "a field 'why'"), (#"[{"name":"f","arguments":{}}] done"#, "is not JSON"),
    ])
    func malformedResponsesAreRejectedWithAReason(response: String, reason: String) {
        guard case .rejected(let found) = AnswerJudge.ast.verdict(on: response, for: Self.row(Self.timer(3)), functions: [:])
        else {
            return #expect(Bool(false), "accepted")
        }
        #expect(found.contains(reason), "\(found)")
    }

    @Test func everyDamageOfAResponseIsCallsOrAReason() {
        let response = Array(
            PromptStyle.response(to: Self.row(Self.light(["room": "hälle", "level": 0.5]), Self.timer(3))).utf8)
        var parsed = 0
        for position in response.indices {
            for byte in [0x00, 0x22, 0x5B, 0x7D, 0x2C, 0xC3] as [UInt8] {
                var damaged = response
                damaged[position] = byte
                if case .success = CallParser.calls(in: String(decoding: damaged, as: UTF8.self)) { parsed += 1 }
            }
            let prefix = String(decoding: response[..<position], as: UTF8.self)
            guard case .failure = CallParser.calls(in: prefix) else { return #expect(Bool(false), "\(prefix)") }
        }
        #expect(parsed > 0)
    }

    @Test func theRightResponseOfARowIsAccepted() {
        let row = Self.row(Self.light(["warm": true, "room": "hall", "level": 30]), Self.timer(3))
        let response = PromptStyle.response(to: row)
        #expect(
            response
                == #"[{"name":"set_light","arguments":{"level":30,"room":"hall","warm":true}},{"name":"set_timer","arguments":{"minutes":3}}]"#
        )
        #expect(AnswerJudge.ast.verdict(on: response, for: row, functions: Self.functions) == .accepted)
        #expect(AnswerJudge.exact.verdict(on: response, for: row, functions: Self.functions) == .accepted)
    }
}
