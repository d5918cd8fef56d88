import CanonicalJSON
import Testing
import Words

@testable import Engine

@Suite struct ShortReasoningTests {
    private static func light(_ room: String, _ state: String) -> FunctionCall {
        FunctionCall(name: "set_light", arguments: ["room": .string(room), "state": .string(state)])
    }

    @Test(arguments: [
        ([light("kitchen", "off")], #"set_light: room from "kitchen", state is off."#),
        (
            [FunctionCall(name: "stop", arguments: [:]), light("kitchen", "dark")],
            #"stop. set_light: room from "kitchen", state from "dark"."#
        ),
        ([], "None fits."),
    ])
    func theCallsAreTheReasoning(calls: [FunctionCall], reasoning: String) throws {
        let row = Row(id: "r", query: "stop it, dark in the kitchen", answers: calls)
        let task = try TaskDescription(.calls, reasoning: .short).task(functions: AnswerFormatTests.functions)
        let response = try task.response(to: row, in: .reasoning)
        #expect(response == "<think>\(reasoning)</think><answer>\(PromptStyle.response(to: row))</answer>")
        let reward = CallReward(format: .reasoning, functions: AnswerFormatTests.functions).reward(for: response, to: row)
        #expect(reward.isWellFormed && reward.isRight)
    }

    @Test func theTaskSaysWhichReasoningIsMade() throws {
        let task = TaskDescription(.calls, reasoning: .short)
        #expect(task.json == ["kind": "calls", "reasoning": "short"])
        #expect(try TaskDescription(json: task.json) == task)
        #expect(TaskDescription.calls.json == ["kind": "calls"])
        #expect(throws: RowError("'reasoning' is 'long'")) {
            try TaskDescription(json: ["kind": "calls", "reasoning": "long"])
        }
    }
}
