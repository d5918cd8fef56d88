import CanonicalJSON
import Engine
import Foundation
import Testing
import Words

@testable import Kinds
@testable import Stages

/// A threshold decides between a model's best call and none.
@Suite struct EvalDecideTests {
    static let call = #"[{"name":"play","arguments":{}}]"#

    private static func row(_ id: String, wantsCall: Bool) -> String {
        Row(
            id: id, query: id, functions: ["play", "stop"],
            answers: wantsCall ? [FunctionCall(name: "play", arguments: [:])] : []
        ).json.canonicalText
    }

    private static func answer(_ id: String, _ response: String, noCall: Double?, call: String? = nil) -> String {
        let refusal = noCall.map {
            Refusal(likelihood: $0, tokens: 1, call: call.map { Refusal.Call(response: $0, tokens: 9) })
        }
        return Answer(
            row: id, response: response, tokens: AnswerTokens(prompt: 5, response: 7), hasEnded: true, refusal: refusal
        ).line.canonicalText
    }

    /// The model refuses what is likely to be a call, and calls what is likely to be none.
    static let data: [String: String] = [
        "data/functions.json": JSON.array(
            ["play", "stop"].map { ["name": .string($0), "description": "", "parameters": ["properties": [:]]] }
        ).canonicalText,
        "data/valid.jsonl": [row("a", wantsCall: true), row("b", wantsCall: true), row("c", wantsCall: false)]
            .joined(separator: "\n"),
        "data/test.jsonl": [row("d", wantsCall: true), row("e", wantsCall: false)].joined(separator: "\n"),
        "answers/valid.jsonl": [
            answer("a", call, noCall: 0.1), answer("b", "[]", noCall: 0.55, call: call), answer("c", call, noCall: 0.8),
        ].joined(separator: "\n"),
        "answers/test.jsonl": [answer("d", "[]", noCall: 0.65, call: call), answer("e", call, noCall: 0.9)]
            .joined(separator: "\n"),
    ]

    @Test func theBestThresholdOfValidDecidesAllSets() throws {
        let run = try StageRun(EvalDecide(sets: ["test", "valid"]), texts: Self.data)
        let figures = try run.json("threshold.json")
        #expect(abs((figures["threshold"]?.double ?? 0) - 0.675) < 1e-12)
        let test = try run.lines("test.jsonl")
        #expect(test.map { $0["response"]?.string } == [Self.call, "[]"])
        #expect(test.map { $0["response_tokens"]?.integer } == [9, 1] && test[0]["prompt_tokens"] == 5)
        let curve = try #require(figures["sets"]?["test"]?["curve"]?.array)
        #expect(curve.count == ThresholdCurve.shown.count + 1)
        let low = try #require(curve.first { $0["threshold"] == 0.5 })
        #expect(low["call_ar"] == 0 && low["no_call_ar"] == 1)
        let high = try #require(curve.first { $0["threshold"] == 0.97 })
        #expect(high["call_ar"] == 1 && high["no_call_ar"] == 0)
    }

    @Test func aStatedThresholdIsTaken() throws {
        let run = try StageRun(EvalDecide(sets: ["test"], threshold: 0.95), texts: Self.data)
        #expect(try run.json("threshold.json")["threshold"] == 0.95)
        #expect(try run.lines("test.jsonl").map { $0["response"]?.string } == [Self.call, Self.call])
    }

    /// As of a model that calls in a form of its own.
    @Test func answersWithoutLikelihoodsStayAsTheyAre() throws {
        var data = Self.data
        data["answers/valid.jsonl"] = Self.answer("a", Self.call, noCall: nil)
        data["answers/test.jsonl"] = Self.answer("d", "[]", noCall: nil)
        let run = try StageRun(EvalDecide(sets: ["test", "valid"]), texts: data)
        #expect(try run.json("threshold.json")["threshold"] == .null)
        #expect(try run.text("test.jsonl").contains(#""response":"[]""#))
    }

    @Test func anAnswerToNoRowIsNamed() {
        var data = Self.data
        data["answers/test.jsonl"] = Self.answer("z", "[]", noCall: nil)
        #expect(StageRun.failure(EvalDecide(sets: ["test"]), texts: data).contains("'z', which is no row"))
    }

    /// Where a set has rows of both kinds, out of scope stands beside AR.
    @Test func aReportShowsRefusalsBesideCalls() {
        let scores: JSON = ["ar": 0.75, "call_rows": 3, "no_call_rows": 1, "no_call_ar": 0.5]
        let plain: JSON = ["ar": 0.75, "call_rows": 3, "no_call_rows": 0, "no_call_ar": nil]
        let report: JSON = [
            "metrics": ["ar"], "sets": ["test", "ood"],
            "rows": [["name": "model", "parameters": 5, "bytes": 2048, "sets": ["test": scores, "ood": plain]]],
        ]
        let heading = ReportTable(report).text.prefix { $0 != "\n" }
        #expect(heading.hasSuffix("AR test  AR ood  no call test"))
    }
}
