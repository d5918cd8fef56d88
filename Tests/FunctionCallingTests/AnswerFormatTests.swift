import CanonicalJSON
import Testing
import Words

@testable import Engine

@Suite struct AnswerFormatTests {
    static let functions = [
        FunctionDefinition(
            name: "set_light", summary: "Turn a light on or off.",
            parameters: [
                "properties": ["room": ["type": "string", "enum": ["kitchen", "living room"]], "state": ["type": "string"]],
                "required": [],
            ]),
        FunctionDefinition(
            name: "set_heat", summary: "Heat a room.",
            parameters: ["properties": ["room": ["type": "string"], "degrees": ["type": "integer"]], "required": []]),
        FunctionDefinition(name: "play", summary: "Play music.", parameters: ["properties": ["genre": ["type": "string"]]]),
        FunctionDefinition(name: "stop", summary: "Stop the music.", parameters: ["properties": [:]]),
    ].reduce(into: [:]) { $0[$1.name] = $1 }

    static func row(_ query: String, _ answers: FunctionCall..., functions: [String] = []) -> Row {
        Row(id: "r", query: query, functions: functions, answers: answers)
    }

    static let worked: [(row: Row, reasoning: String)] = [
        (
            row(
                "Heat the living room to 21", FunctionCall(name: "set_heat", arguments: ["room": "living room", "degrees": 21])),
            #"Maybe set_heat, set_light. set_heat: degrees from "21", room from "living room". So set_heat."#
        ),
        (
            row("no light in the kitchen", FunctionCall(name: "set_light", arguments: ["room": "kitchen", "state": "off"])),
            #"Maybe set_light. set_light: room from "kitchen", state is off. So set_light."#
        ),
        (row("play music", functions: ["set_heat", "set_light"]), "None fits."),
        (row("i want music"), "Maybe play, stop. None fits."),
        (
            row(
                "stop it and heat up", FunctionCall(name: "stop", arguments: [:]),
                FunctionCall(name: "set_heat", arguments: ["degrees": 25]), functions: ["stop", "set_heat"]),
            "Maybe set_heat, stop. set_heat: degrees is 25. So stop, set_heat."
        ),
    ]

    @Test(arguments: worked.indices) func reasoningIsMadeFromTheRow(index: Int) throws {
        let (row, reasoning) = Self.worked[index]
        let task = CallTask(functions: Self.functions)
        let response = try task.response(to: row, in: .reasoning)
        #expect(response == "<think>\(reasoning)</think><answer>\(PromptStyle.response(to: row))</answer>")
        #expect((try task.response(to: row, in: .call)) == PromptStyle.response(to: row))
        // What is taught is what the reward and the judges take for right.
        let reward = CallReward(format: .reasoning, functions: Self.functions).reward(for: response, to: row)
        #expect(reward.value == 2 && reward.isWellFormed && reward.isRight)
        for judge in [AnswerJudge.ast, .exact] {
            #expect(task.verdict(on: response, in: .reasoning, for: row, by: judge) == .accepted)
        }
    }

    @Test func judgesReadTheAnswerPartAlone() {
        let row = Self.row("stop", FunctionCall(name: "stop", arguments: [:]))
        func verdict(_ response: String, _ format: AnswerStyle) -> Verdict {
            CallTask(functions: Self.functions).verdict(on: response, in: format, for: row, by: .ast)
        }
        let call = #"[{"name":"stop","arguments":{}}]"#
        #expect(verdict(call, .call) == .accepted)
        #expect(verdict(call, .reasoning) == .rejected("the response has no <think>"))
        #expect(verdict("<think>play</think><answer>\(call)</answer>", .reasoning) == .accepted)
        #expect(verdict("<think>play</think><answer>\(call)</answer>", .call) != .accepted)
        #expect(verdict("<think>stop</think><answer>[]</answer>", .reasoning) == .rejected("0 calls where 1 are wanted"))
        let twice = "<think>a</think><think>b</think><answer>[]</answer>"
        #expect(verdict(twice, .reasoning) == .rejected("the response has several <think>"))
        let turned = "<answer>\(call)</answer><think>stop</think>"
        #expect(verdict(turned, .reasoning) == .rejected("the response has <answer> too early"))
        let outside = "<think>stop</think> so <answer>\(call)</answer>"
        #expect(verdict(outside, .reasoning) == .rejected("the response has text outside of its two parts"))
    }
}
