import CanonicalJSON
import Testing

@testable import Engine

/// Rewards that `scripts/reference/reward_reference.py` works out in double precision, by rules of several terms.
struct RewardReferenceTests {
    private static func rule(_ json: JSON) throws -> RewardRule {
        func number(_ name: String) throws -> Double { try #require(json[name]?.double, "\(name)") }
        return RewardRule(
            format: try number("format"), names: try number("names"), arguments: try number("arguments"),
            judge: try number("judge"), length: try number("length"), lengthTokens: try #require(json["tokens"]?.integer),
            malformed: try number("malformed"), needsRequired: try #require(json["required"]?.bool as Bool?))
    }

    @Test func everyAnswerByEveryRule() throws {
        let file = try referenceFile("rewards.json")
        let functions = try (file["functions"]?.array ?? []).map(FunctionDefinition.init(json:))
        let pool = Dictionary(uniqueKeysWithValues: functions.map { ($0.name, $0) })
        let cases = file["cases"]?.array ?? []
        #expect(cases.count == 75)
        for expected in cases {
            let rule = try Self.rule(try #require(expected["rule"]))
            let answers = try (expected["answers"]?.array ?? []).map(FunctionCall.init(json:))
            let row = Row(id: "r", query: "q", answers: answers)
            let response = try #require(expected["response"]?.string)
            let grade = CallReward(rule, format: .call, functions: pool).grade(response, to: row)
            let reward = rule.reward(
                of: grade, tokens: try #require(expected["tokens"]?.integer),
                isAccepted: try #require(expected["accepted"]?.bool))
            let label: Comment = "\(response) by \(expected["rule"]?.canonicalText ?? "")"
            #expect(abs(reward.value - (try #require(expected["reward"]?.double))) < 1e-12, label)
            let terms = try #require(expected["terms"]?.object)
            // A term that adds nothing is 0.
            for name in Set(reward.terms.keys).union(terms.keys) {
                #expect(abs((reward.terms[name] ?? .nan) - (terms[name]?.double ?? 0)) < 1e-12, label)
            }
        }
    }

    /// By default, what it was before terms could be weighed.
    @Test func theStandardRuleIsTheFormatAndTheAnswer() {
        #expect(RewardRule().reward(of: nil).value == Reward.malformed.value)
        for grade in [0, 1.0 / 3, 0.7, 1] {
            #expect(RewardRule().reward(of: AnswerGrade(whole: grade, isRight: grade == 1)).value == 1 + grade)
        }
    }

    @Test func anAnswerIsShortUpToItsTokensAndNotAtAllAtTwiceAsMany() {
        let rule = RewardRule(length: 1, lengthTokens: 10)
        #expect([1, 10, 15, 20, 90].map { rule.shortness(of: $0) } == [1, 1, 0.5, 0, 0])
    }

    /// What the terms add makes the mean reward.
    @Test func theCurveHasEachTerm() {
        let rule = RewardRule(names: 1, malformed: -2)
        let rewards = [rule.reward(of: nil), rule.reward(of: AnswerGrade(whole: 0.5, isRight: false))]
        let answer = GeneratedSequence(tokens: [1], end: .stopToken)
        let rollouts = rewards.map { Rollout(prompt: [0], answer: answer, reward: $0) }
        let values = RolloutReadings(rollouts, learned: [], skipped: 0, of: 1).values
        #expect(values["reward_malformed"] == -1)
        #expect(values["reward_format"] == 0.5)
        #expect(values["reward_names"] == 0.25)
        #expect(values["reward_arguments"] == 0.125)
        #expect(values["reward"] == -0.125)
    }
}
