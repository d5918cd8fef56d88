import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Testing

@testable import Kinds
@testable import Stages

extension JSON {
    /// The strings of a list in an object.
    fileprivate func strings(_ key: String) -> [String] { (self[key]?.array ?? []).compactMap(\.string) }
}

@Suite struct JudgingStagesTests {
    static let functions =
        #"[{"name":"play","parameters":{"type":"object","properties":{"song":{"type":"string"}},"required":[]}}]"#

    static let rows = ["x", "y", "z"].map { song in
        Row(id: "row-\(song)", query: "play \(song)", answers: [FunctionCall(name: "play", arguments: ["song": .string(song)])])
    }

    static func call(_ song: String) -> String { #"[{"name":"play","arguments":{"song":"\#(song)"}}]"# }

    static func rollout(_ row: String, _ response: String, ended: Bool = true) -> String {
        JSON.object(["id": .string(row), "sample": 0, "response": .string(response), "ended": .bool(ended)]).canonicalText
    }

    static func judge(keep: Int, _ rollouts: [String]) -> (Judge, [String: String]) {
        (
            Judge(kind: .ast, keep: keep, answer: .call),
            [
                "data/functions.json": functions, "data/train.jsonl": rows.map(\.json.canonicalText).joined(separator: "\n"),
                "rollouts/rollouts.jsonl": rollouts.joined(separator: "\n"),
            ]
        )
    }

    @Test func theJudgeKeepsWhatIsRightAndSaysWhyTheRestIsNot() throws {
        let (judge, texts) = Self.judge(
            keep: 1,
            [
                Self.rollout("row-x", Self.call("x")), Self.rollout("row-x", Self.call("x")),
                Self.rollout("row-x", Self.call("X")),
                Self.rollout("row-y", Self.call("x")), Self.rollout("row-z", Self.call("z"), ended: false),
            ])
        let run = try StageRun(judge, texts: texts)
        #expect(try run.lines("accepted.jsonl") == [["id": "row-x", "response": .string(Self.call("x"))]])
        let reasons = try run.lines("rejected.jsonl").compactMap { $0["reason"]?.string }
        #expect(reasons == ["play: 'song' is \"x\" where \"y\" is wanted", "the response does not end"])
        // Surplus is right: it lies apart from what a model must not learn.
        #expect(
            try run.lines("surplus.jsonl") == [
                ["id": "row-x", "response": .string(Self.call("x")), "reason": "equal to a response that is kept"],
                ["id": "row-x", "response": .string(Self.call("X")), "reason": "1 of the row's responses is kept already"],
            ])
        #expect(try run.json("summary.json") == ["accepted": 1, "rejected": 2, "surplus": 2, "rows": 3, "rows_answered": 1])
        #expect(run.files == ["accepted.jsonl", "rejected.jsonl", "summary.json", "surplus.jsonl"])
    }

    /// What a chat model said goes with its calls; what cannot be read of it is rejected with its own reason.
    @Test func whatAChatModelSaidGoesWithItsCalls() throws {
        func rollout(_ response: String, said: String, fault: JSON) -> String {
            JSON.object([
                "id": "row-x", "sample": 0, "response": .string(response), "ended": true, "fault": fault,
                "native": ["form": "hermes", "text": .string(said)],
            ]).canonicalText
        }
        let said = "<tool_call>{\"name\": \"play\", \"arguments\": {\"song\": \"x\"}}</tool_call>"
        let fault = "the call of 'play' has no 'arguments' object"
        let (judge, inputs) = Self.judge(
            keep: 1,
            [
                rollout(Self.call("x"), said: said, fault: nil),
                rollout("<tool_call>{}", said: "<tool_call>{}", fault: .string(fault)),
            ])
        let run = try StageRun(judge, texts: inputs)
        let native: JSON = ["form": "hermes", "text": .string(said)]
        #expect(
            try run.lines("accepted.jsonl") == [["id": "row-x", "response": .string(Self.call("x")), "native": native]])
        let rejected = try run.lines("rejected.jsonl")
        #expect(rejected.map { $0["reason"] } == [.string(fault)] && rejected[0]["native"]?["text"] == "<tool_call>{}")
        var texts = inputs
        texts["data/test.jsonl"] = inputs["data/train.jsonl"]
        texts["answers/test.jsonl"] =
            #"{"id":"row-x","response":"<tool_call>{}","response_tokens":4,"fault":"\#(fault)"}"#
        let scored = try StageRun(EvalScore(judge: .ast, sets: ["test"], answer: .call), texts: texts)
        #expect(try scored.lines("failures.jsonl").map { $0["reason"] } == [.string(fault)])
    }

    /// Prose that calls nothing is right where nothing is wanted, and yet nothing to learn.
    @Test func onlyListsOfCallsAreTaught() throws {
        let (judge, inputs) = Self.judge(keep: 2, [Self.rollout("none", "I cannot do that."), Self.rollout("none", "[]")])
        var texts = inputs
        texts["data/train.jsonl"] = Row(id: "none", query: "what a day", answers: []).json.canonicalText
        let run = try StageRun(judge, texts: texts)
        #expect(try run.lines("accepted.jsonl") == [["id": "none", "response": "[]"]])
        #expect(try run.lines("rejected.jsonl").first?["reason"]?.string?.hasPrefix("the response is not JSON") == true)
        texts["answers/test.jsonl"] = #"{"id":"none","response":"I cannot do that.","response_tokens":4}"#
        texts["data/test.jsonl"] = texts["data/train.jsonl"]
        let scored = try StageRun(EvalScore(judge: .ast, sets: ["test"], answer: .call), texts: texts)
        #expect(try scored.json("scores.json")["sets"]?["test"]?["no_call_ar"] == 1)
    }

    /// Of a reasoned response the answer part is looked at: models learn with reasons, too, that nothing fits.
    @Test func reasonedRefusalsAreTaught() throws {
        let refusal = "<think>Maybe play. None fits.</think><answer>[]</answer>"
        var (judge, texts) = Self.judge(
            keep: 2, [Self.rollout("none", refusal), Self.rollout("none", "<think>No.</think><answer>sorry</answer>")])
        judge.answer = .reasoning
        texts["data/train.jsonl"] = Row(id: "none", query: "what a day", answers: []).json.canonicalText
        let run = try StageRun(judge, texts: texts)
        #expect(try run.lines("accepted.jsonl") == [["id": "none", "response": .string(refusal)]])
        #expect(try run.lines("rejected.jsonl").first?["reason"]?.string?.hasPrefix("the response is not JSON") == true)
    }

    /// What a server answered has no `ended` where it ended by itself, and any number of samples in any order.
    @Test func rolloutsOfOthersAreJudgedAlike() throws {
        let (judge, texts) = Self.judge(
            keep: 2,
            [
                #"{"id":"row-y","response":"sorry"}"#, Self.rollout("row-x", Self.call("x")),
                JSON.object(["id": "row-y", "response": .string(Self.call("y")), "usage": [:]]).canonicalText,
            ])
        let run = try StageRun(judge, texts: texts)
        #expect(try run.lines("accepted.jsonl").compactMap { $0["id"]?.string } == ["row-x", "row-y"])
        #expect(try run.lines("rejected.jsonl").count == 1)
    }

    @Test func severalAnswersOfARowAreKeptWhereTheyDiffer() throws {
        let (judge, texts) = Self.judge(keep: 2, ["x", "x", "X", "x-"].map { Self.rollout("row-x", Self.call($0)) })
        #expect(
            try StageRun(judge, texts: texts).lines("accepted.jsonl").compactMap { $0["response"]?.string } == [
                Self.call("x"), Self.call("X"),
            ])
    }

    @Test func aTeacherThatIsNeverRightIsAFailure() {
        let (judge, texts) = Self.judge(keep: 1, [Self.rollout("row-x", "no")])
        #expect(StageRun.failure(judge, texts: texts).contains("accepts none of the 1 rollouts"))
        let (other, foreign) = Self.judge(keep: 1, [Self.rollout("row-q", "no")])
        #expect(StageRun.failure(other, texts: foreign).contains("a rollout of no training row"))
    }

    @Test func scoresNameEveryFailure() throws {
        let answers = [("row-x", Self.call("x")), ("row-y", Self.call("Y")), ("row-z", "[]")].map { id, response in
            JSON.object([
                "id": .string(id), "response": .string(response), "prompt_tokens": 5, "response_tokens": 9, "ended": true,
            ]).canonicalText
        }
        let run = try StageRun(
            EvalScore(judge: .ast, sets: ["test"], answer: .call),
            texts: [
                "data/functions.json": Self.functions,
                "data/test.jsonl": Self.rows.map(\.json.canonicalText).joined(separator: "\n"),
                "answers/test.jsonl": answers.joined(separator: "\n"),
            ])
        let scores = try #require(try run.json("scores.json")["sets"]?["test"])
        #expect(scores["ar"]?.double == 2.0 / 3)
        #expect(scores["exact"]?.double == 1.0 / 3)
        let failures = try run.lines("failures.jsonl")
        #expect(failures.count == 1)
        #expect(failures[0]["query"] == "play z")
        #expect(failures[0]["wanted"]?.string == Self.call("z"))
        #expect(failures[0]["reason"] == "0 calls where 1 are wanted")
        let confusion = try #require(try run.json("confusion.json")["sets"]?["test"])
        #expect(confusion["functions"] == ["play": ["rows": 3, "ar": .number(2.0 / 3), "exact": .number(1.0 / 3)]])
        #expect(confusion["called"] == ["play": ["play": 2, "no call": 1]])
    }

    @Test func aReportLaysTheRowsSideBySide() throws {
        let scores = #"{"sets":{"test":{"exact":0.985,"ar":1},"ood":{"exact":0,"ar":null}}}"#
        let cost = #"{"parameters":{"total":1234567},"bytes":20480,"sets":{"test":{"flops":2500000}}}"#
        let run = try StageRun(
            Report(rows: ["teacher"], metrics: ["exact", "ar", "flops"], sets: ["test", "ood"]),
            texts: ["scores.0/scores.json": scores, "scores.0/confusion.json": "{}", "cost.0/cost.json": cost])
        #expect(
            try run.text("report.md") == """
                | model | parameters | size | MFLOPs/answer | exact test | exact ood | AR test | AR ood |
                | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                | teacher | 1.235 M | 20 KiB | 2.5 | 98.5 | 0.0 | 100.0 | – |

                """)
        #expect(
            ReportTable(try run.json("report.json")).text.split(separator: "\n").last == """
                teacher     1.235 M  20 KiB            2.5        98.5        0.0    100.0       –
                """)
    }

    @Test func rowsThatDifferInTheirSeedsAreSummedUp() throws {
        func scores(_ ar: Double, tokens: Double) -> String {
            #"{"sets":{"test":{"ar":\#(ar),"response_tokens_mean":\#(tokens)}}}"#
        }
        let cost = #"{"parameters":{"total":1000000},"bytes":1024,"sets":{}}"#
        var texts = ["scores.0/scores.json": scores(1, tokens: 8)]
        for (index, ar) in [(1, 0.5), (2, 0.6), (3, 0.7)] { texts["scores.\(index)/scores.json"] = scores(ar, tokens: 10) }
        for index in 0..<4 {
            texts["scores.\(index)/confusion.json"] = "{}"
            texts["cost.\(index)/cost.json"] = cost
        }
        let run = try StageRun(
            Report(
                rows: ["teacher", "kd[seed=1]", "kd[seed=2]", "kd[seed=3]"], metrics: ["ar", "length"], sets: ["test"],
                repeated: ["teacher", "kd", "kd", "kd"]), texts: texts)
        #expect(
            try run.text("report.md") == """
                | model | parameters | size | AR test | tokens test |
                | --- | ---: | ---: | ---: | ---: |
                | teacher | 1.000 M | 1 KiB | 100.0 | 8.0 |
                | kd | 1.000 M | 1 KiB | 60.0 ± 10.0 | 10.0 |

                Each run:

                | model | parameters | size | AR test | tokens test |
                | --- | ---: | ---: | ---: | ---: |
                | teacher | 1.000 M | 1 KiB | 100.0 | 8.0 |
                | kd[seed=1] | 1.000 M | 1 KiB | 50.0 | 10.0 |
                | kd[seed=2] | 1.000 M | 1 KiB | 60.0 | 10.0 |
                | kd[seed=3] | 1.000 M | 1 KiB | 70.0 | 10.0 |

                """)
        let summed = try #require(try run.json("report.json")["over_seeds"]?[1])
        #expect(summed["runs"] == 3)
        #expect(abs((summed["deviation"]?["sets"]?["test"]?["ar"]?.double ?? 0) - 0.1) < 1e-12)
    }

    /// The inputs of a report on one set.
    private static func texts(_ rows: [(bytes: Int, ar: Double)]) -> [String: String] {
        var texts: [String: String] = [:]
        for (index, row) in rows.enumerated() {
            texts["scores.\(index)/scores.json"] = #"{"sets":{"test":{"ar":\#(row.ar)}}}"#
            texts["scores.\(index)/confusion.json"] = "{}"
            texts["cost.\(index)/cost.json"] = #"{"parameters":{"total":1000000},"bytes":\#(row.bytes),"sets":{}}"#
        }
        return texts
    }

    @Test func aReportMarksWhatNoOtherRowBeats() throws {
        var texts = Self.texts([(4096, 0.9), (2048, 0.8), (1024, 0.8), (4096, 0.5)])
        for (index, perplexity) in [12, 12, 20, 30].enumerated() {
            texts["perplexity.\(index)/perplexity.json"] = #"{"perplexity":\#(perplexity)}"#
        }
        for (index, speed) in [(0, 99.6), (1, 1234.5), (3, 7)] {
            texts["speed.\(index)/speed.json"] = #"{"tokens_per_second":\#(speed),"rounds":[\#(speed)]}"#
        }
        let run = try StageRun(
            Report(
                rows: ["teacher", "kd", "kd.W4A16", "bad"], metrics: ["ar", "perplexity", "speed"], sets: ["test"],
                fronts: ["perplexity", "ar"]), texts: texts)
        #expect(
            try run.text("report.md") == """
                | model | parameters | size | tokens/s | perplexity | AR test | front |
                | --- | ---: | ---: | ---: | ---: | ---: | ---: |
                | teacher | 1.000 M | 4 KiB | 100 | 12.000 | 90.0 | AR |
                | kd | 1.000 M | 2 KiB | 1235 | 12.000 | 80.0 | perplexity |
                | kd.W4A16 | 1.000 M | 1 KiB | – | 20.000 | 80.0 | AR, perplexity |
                | bad | 1.000 M | 4 KiB | 7 | 30.000 | 50.0 |  |

                """)
        let rows = try #require(try run.json("report.json")["rows"]?.array)
        #expect(rows.map { $0.strings("front") } == [["ar"], ["perplexity"], ["ar", "perplexity"], []])
        #expect(rows[1]["speed"] == 1234.5)
        #expect(rows[2]["speed"] == nil)
    }

    /// A seed's luck puts no row on the front.
    @Test func aFrontOverSeedsIsThatOfTheMeans() throws {
        let run = try StageRun(
            Report(
                rows: ["teacher", "kd[seed=1]", "kd[seed=2]"], metrics: ["ar"], sets: ["test"],
                repeated: ["teacher", "kd", "kd"], fronts: ["ar"]),
            texts: Self.texts([(1024, 0.8), (1024, 0.5), (1024, 0.9)]))
        let report = try run.json("report.json")
        #expect(report["over_seeds"]?.array?.map { $0.strings("front") } == [["ar"], []])
        #expect(report["rows"]?.array?.contains { $0["front"] != nil } == false)
        #expect(
            try run.text("report.md") == """
                | model | parameters | size | AR test | front |
                | --- | ---: | ---: | ---: | ---: |
                | teacher | 1.000 M | 1 KiB | 80.0 | AR |
                | kd | 1.000 M | 1 KiB | 70.0 ± 28.3 |  |

                Each run:

                | model | parameters | size | AR test |
                | --- | ---: | ---: | ---: |
                | teacher | 1.000 M | 1 KiB | 80.0 |
                | kd[seed=1] | 1.000 M | 1 KiB | 50.0 |
                | kd[seed=2] | 1.000 M | 1 KiB | 90.0 |

                """)
    }

    @Test func aReportShowsCallsAndNoCallsApartAndWhatIsConfused() throws {
        let scores = """
            {"sets":{"test":{"call_rows":3,"call_ar":0.5,"call_exact":0.25,"no_call_rows":0,"no_call_ar":null,"no_call_exact":null,
            "response_tokens_mean":12.25,"response_tokens_deviation":1.5,"agreement":{"compared":3,"share":0.93}}}}
            """
        let confusion = #"{"sets":{"test":{"called":{"a|b":{"a|b":9,"c":2},"c":{"a|b":2,"no call":3}}}}}"#
        let run = try StageRun(
            Report(rows: ["teacher"], metrics: ["exact"], sets: ["test"]),
            texts: [
                "scores.0/scores.json": scores, "scores.0/confusion.json": confusion,
                "cost.0/cost.json": #"{"parameters":{"total":1},"bytes":1024,"sets":{}}"#,
            ])
        #expect(
            try run.text("report.md").hasSuffix(
                """

                Rows that want calls, rows that want none, and how long answers are:

                | model | set | calls | AR | exact | no calls | AR | exact | tokens |
                | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                | teacher | test | 3 | 50.0 | 25.0 | 0 | – | – | 12.3 ± 1.5 |

                Functions most often called in place of others:

                | model | set | wanted | called | times |
                | --- | --- | --- | --- | ---: |
                | teacher | test | c | no call | 3 |
                | teacher | test | a\\|b | c | 2 |
                | teacher | test | c | a\\|b | 2 |

                What the judge accepts, what the rules of ast accept, and how often they say the same:

                | model | set | answers | judge | ast | agreement | κ |
                | --- | --- | ---: | ---: | ---: | ---: | ---: |
                | teacher | test | 3 | – | – | 93.0 | – |

                """))
        #expect(ReportText(try run.json("report.json")).text.contains("teacher  test  c       no call      3\n"))
    }

    @Test func confusionIsATableOfFunctions() throws {
        let confusion: JSON = [
            "sets": [
                "test": [
                    "functions": ["a": ["rows": 8, "ar": 0.5, "exact": 0.25], "no call": ["rows": 1, "ar": 1, "exact": nil]],
                    "called": ["a": ["a": 3, "b": 1, "c": 2, "d": 1, "e": 1], "no call": ["no call": 1]],
                ]
            ]
        ]
        #expect(
            ConfusionText(confusion).markdown == """
                | test: wanted | called instead | rows | AR | exact |
                | --- | --- | ---: | ---: | ---: |
                | a | c 2, b 1, d 1 | 8 | 50.0 | 25.0 |
                | no call |  | 1 | 100.0 | – |

                """)
    }

    @Test func everyKindIsRunAtItsRevisionOnly() throws {
        let action = Action(
            kind: "judge", revision: Judge.revision, parameters: ["kind": "ast", "keep": 1, "answer": "call"], inputs: [],
            numerics: .portable)
        #expect(try StageCatalogue.standard.stage(for: action) as? Judge == Judge(kind: .ast, keep: 1, answer: .call))
        var other = action
        other.revision += 1
        #expect(throws: StageFailure.self) { try StageCatalogue.standard.stage(for: other) }
        other = action
        other.kind = "judge.twice"
        #expect(throws: StageFailure.self) { try StageCatalogue.standard.stage(for: other) }
        other = action
        other.parameters = ["kind": "coin", "keep": 1]
        #expect(throws: StageFailure.self) { try StageCatalogue.standard.stage(for: other) }
        let names = StageCatalogue.standard.kinds.map { $0.name }
        #expect(names == names.sorted())
    }
}
