import CanonicalJSON
import Testing

@testable import Engine

/// The reward of METHODS.md, case by case.
@Suite struct CallRewardTests {
    private typealias Judged = AnswerJudgeTests

    struct Case: Sendable, CustomStringConvertible {
        var description: String
        var response: String
        var row: Row
        var reward: Double
        var isRight = false
    }

    private static let light = #"[{"name":"set_light","arguments":{"room":"hall","level":30}}]"#
    private static let wanted = Judged.row(Judged.light(["room": "hall", "level": 30]))
    private static let none = Judged.row()
    private static let two = Judged.row(Judged.light(["room": "hall"]), Judged.timer(3))

    static let calls: [Case] = [
        Case(description: "right", response: light, row: wanted, reward: 2, isRight: true),
        Case(
            description: "one value of two is wrong: ∩ 1, ∪ 3",
            response: #"[{"name":"set_light","arguments":{"room":"hall","level":3}}]"#,
            row: wanted, reward: 1 + 0.5 + 0.5 / 3),
        Case(
            description: "one argument of two is missing", response: #"[{"name":"set_light","arguments":{"room":"hall"}}]"#,
            row: wanted, reward: 1 + 0.5 + 0.5 / 2),
        Case(
            description: "a required argument is missing: worth less, but not malformed",
            response: #"[{"name":"set_light","arguments":{"level":30}}]"#, row: wanted, reward: 1 + 0.5 + 0.5 / 2),
        Case(
            description: "an argument too many",
            response: #"[{"name":"set_light","arguments":{"room":"hall","level":30,"warm":true}}]"#,
            row: wanted, reward: 1 + 0.5 + 0.5 * 2 / 3),
        Case(
            description: "another function", response: #"[{"name":"set_timer","arguments":{"minutes":3}}]"#, row: wanted,
            reward: 1),
        Case(
            description: "neither has arguments, the names differ", response: #"[{"name":"set_timer","arguments":{}}]"#,
            row: Judged.row(Judged.light([:])), reward: 1.5),
        Case(
            description: "two calls where one is wanted",
            response: #"[{"name":"set_light","arguments":{"room":"hall","level":30}},"#
                + #"{"name":"set_timer","arguments":{"minutes":3}}]"#, row: wanted, reward: 1),
        Case(description: "no call where one is wanted", response: "[]", row: wanted, reward: 1),
        Case(description: "no call is wanted and none is made", response: "[]", row: none, reward: 2, isRight: true),
        Case(description: "no call is wanted, but one is made", response: light, row: none, reward: 1),
        Case(
            description: "two calls in the other order",
            response: #"[{"name":"set_timer","arguments":{"minutes":3}},"#
                + #"{"name":"set_light","arguments":{"room":"hall"}}]"#, row: two, reward: 2, isRight: true),
        Case(
            description: "one of two calls has a wrong value",
            response: #"[{"name":"set_timer","arguments":{"minutes":4}},"#
                + #"{"name":"set_light","arguments":{"room":"hall"}}]"#, row: two, reward: 1.75),
        Case(
            description: "the same call twice pairs once",
            response: #"[{"name":"set_timer","arguments":{"minutes":3}},"#
                + #"{"name":"set_timer","arguments":{"minutes":3}}]"#, row: two, reward: 1.5),
        Case(description: "no JSON", response: "set_light", row: wanted, reward: -1),
        Case(description: "no list", response: #"{"name":"set_light","arguments":{}}"#, row: wanted, reward: -1),
        Case(description: "an unknown function", response: #"[{"name":"sing","arguments":{}}]"#, row: wanted, reward: -1),
        Case(
            description: "a function that the prompt does not list", response: light,
            row: Row(id: "r", query: "q", functions: ["set_timer"], answers: [Judged.timer(3)]), reward: -1),
        Case(
            description: "a wrong type", response: #"[{"name":"set_light","arguments":{"room":5,"level":30}}]"#, row: wanted,
            reward: -1),
        Case(
            description: "an argument that the function does not have",
            response: #"[{"name":"set_timer","arguments":{"hours":3}}]"#,
            row: wanted, reward: -1),
        Case(
            description: "reasoning where none is wanted", response: "<think>set_light</think><answer>\(light)</answer>",
            row: wanted,
            reward: -1),
    ]

    @Test(arguments: calls) func callsAreRewarded(of test: Case) {
        let reward = CallReward(format: .call, functions: Judged.functions).reward(for: test.response, to: test.row)
        #expect(abs(reward.value - test.reward) < 1e-12)
        #expect(reward.isRight == test.isRight)
        #expect(reward.isWellFormed == (test.reward >= 0))
    }

    /// `room` is `hall` or `lobby`; `level` is 30 or 40, or left out; `warm` may be on.
    private static func possible(_ response: String, _ reward: Double, isRight: Bool = false, _ description: String) -> Case {
        var row = Judged.row(Judged.light(["room": "hall"]))
        row.possible = [
            PossibleCall(
                name: "set_light", arguments: ["room": ["hall", "lobby"], "level": [30, 40, ""], "warm": [true, ""]])
        ]
        let call = #"[{"name":"set_light","arguments":{\#(response)}}]"#
        return Case(description: description, response: call, row: row, reward: reward, isRight: isRight)
    }

    static let possible: [Case] = [
        possible(#""room":"hall""#, 2, isRight: true, "all that must be given"),
        possible(#""room":"lobby""#, 2, isRight: true, "the other allowed value"),
        possible(#""room":"Lobby","level":40"#, 2, isRight: true, "an argument that may be left out is given"),
        possible(#""room":"lobby","level":40,"warm":true"#, 2, isRight: true, "everything is given"),
        possible(#""room":"attic""#, 1.5, "no allowed value: ∩ 0, ∪ 2"),
        possible(#""room":"hall","level":3"#, 1.75, "what may be left out is given wrong: ∩ 1, ∪ 2"),
        possible(#""level":30"#, 1.75, "what must be given is missing: ∩ 1, ∪ 2"),
        possible(#""room":"attic","level":30"#, 1.5 + 0.5 / 3, "one value of two is wrong: ∩ 1, ∪ 3"),
        possible("", 1.5, "nothing is given: ∩ 0, ∪ 1"),
    ]

    @Test(arguments: possible) func anyAllowedValueIsRight(of test: Case) {
        let reward = CallReward(format: .call, functions: Judged.functions).reward(for: test.response, to: test.row)
        #expect(abs(reward.value - test.reward) < 1e-12)
        #expect(reward.isRight == test.isRight)
    }

    static let reasoned: [Case] = [
        Case(
            description: "right", response: "<think>Maybe set_timer. So set_light.</think><answer>\(light)</answer>",
            row: wanted,
            reward: 2, isRight: true),
        Case(
            description: "white space around the parts", response: " <think>set_light</think>\n<answer>\(light)</answer>\n",
            row: wanted,
            reward: 2, isRight: true),
        Case(
            description: "the function is not named", response: "<think>light</think><answer>\(light)</answer>", row: wanted,
            reward: -1),
        Case(
            description: "another function is named last",
            response: "<think>set_light or set_timer</think><answer>\(light)</answer>",
            row: wanted, reward: -1),
        Case(
            description: "a longer word is no name", response: "<think>set_lights</think><answer>\(light)</answer>",
            row: wanted,
            reward: -1),
        Case(
            description: "a function outside the prompt's pool is no name",
            response: "<think>set_light, not set_timer</think><answer>\(light)</answer>",
            row: Row(id: "r", query: "q", functions: ["set_light"], answers: wanted.answers), reward: 2, isRight: true),
        Case(
            description: "no call needs no name", response: "<think>set_light does not fit</think><answer>[]</answer>",
            row: none,
            reward: 2, isRight: true),
        Case(
            description: "both calls are named, the last one last",
            response: "<think>set_timer, set_light</think><answer>"
                + #"[{"name":"set_timer","arguments":{"minutes":3}},{"name":"set_light","arguments":{"room":"hall"}}]</answer>"#,
            row: two, reward: 2, isRight: true),
        Case(
            description: "one of two calls is not named",
            response: "<think>set_light</think><answer>"
                + #"[{"name":"set_timer","arguments":{"minutes":3}},{"name":"set_light","arguments":{"room":"hall"}}]</answer>"#,
            row: two, reward: -1),
        Case(
            description: "a wrong answer, well reasoned",
            response: #"<think>set_timer</think><answer>[{"name":"set_timer","arguments":{"minutes":3}}]</answer>"#,
            row: wanted, reward: 1),
        Case(description: "no reasoning", response: light, row: wanted, reward: -1),
        Case(
            description: "two reasonings",
            response: "<think>set_light</think><think>set_light</think><answer>\(light)</answer>",
            row: wanted, reward: -1),
        Case(
            description: "the answer first", response: "<answer>\(light)</answer><think>set_light</think>", row: wanted,
            reward: -1),
        Case(
            description: "text behind the answer", response: "<think>set_light</think><answer>\(light)</answer>.", row: wanted,
            reward: -1),
        Case(description: "an open answer", response: "<think>set_light</think><answer>\(light)", row: wanted, reward: -1),
    ]

    @Test(arguments: reasoned) func reasonedCallsAreRewarded(of test: Case) {
        let reward = CallReward(format: .reasoning, functions: Judged.functions).reward(for: test.response, to: test.row)
        #expect(abs(reward.value - test.reward) < 1e-12)
        #expect(reward.isRight == test.isRight)
        #expect(reward.isWellFormed == (test.reward >= 0))
    }

    @Test func aMissingRequiredArgumentIsMalformedWhereItIsAskedFor() {
        let missing = #"[{"name":"set_light","arguments":{"level":30}}]"#
        let strict = CallReward(RewardRule(malformed: -0.5, needsRequired: true), format: .call, functions: Judged.functions)
        #expect(strict.reward(for: missing, to: Self.wanted).value == -0.5)
        #expect(strict.reward(for: Self.light, to: Self.wanted).value == 2)
        #expect(CallReward(format: .call, functions: Judged.functions).reward(for: missing, to: Self.wanted).isWellFormed)
    }

    @Test func nameAndArgumentsWeighAsAsked() {
        let reward = CallReward(RewardRule(names: 1, arguments: 2), format: .call, functions: Judged.functions)
        #expect(reward.reward(for: #"[{"name":"set_light","arguments":{"room":"hall"}}]"#, to: Self.wanted).value == 3)
        #expect(reward.reward(for: "[]", to: Self.none).value == 4)
    }
}
