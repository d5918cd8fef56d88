import CanonicalJSON
import Engine
import Foundation
import Testing
import Words

@testable import Kinds
@testable import Stages

/// A judge held against people's labels, and the gate that it must pass.
@Suite struct JudgeValidationTests {
    private static let data = [
        "data/functions.json": JudgingStagesTests.functions,
        "data/train.jsonl": JudgingStagesTests.rows.map(\.json.canonicalText).joined(separator: "\n"),
    ]

    private static func label(_ id: String, _ response: String, _ accepted: JSON, reason: String? = nil) -> String {
        var members: [String: JSON] = ["id": .string(id), "response": .string(response), "accepted": accepted]
        members["reason"] = reason.map(JSON.string)
        return JSON.object(members).canonicalText
    }

    private static let labels = [
        label("row-x", JudgingStagesTests.call("x"), true), label("row-y", JudgingStagesTests.call("y"), "Yes"),
        label("row-y", JudgingStagesTests.call("x"), "no", reason: "wrong song"),
        label("row-z", "[]", false, reason: "no call"), label("row-z", JudgingStagesTests.call("z"), "no", reason: "too loud"),
        label("row-x", "later", ""), label("row-x", "later", .null),
    ]

    private static func validated(_ labels: [String], as file: String = "labels.jsonl") throws -> StageRun {
        try StageRun(
            JudgeValidate(kind: .ast), texts: data.merging(["labels/\(file)": labels.joined(separator: "\n")]) { $1 })
    }

    @Test func figuresSayHowOftenTheyAgreeAndWhyNot() throws {
        let run = try Self.validated(Self.labels)
        let figures = try run.json("validation.json")
        #expect(
            figures == [
                "labels": 5, "unlabelled": 2, "agreeing": 4, "agreement": 0.8, "kappa": .number((0.8 - 0.48) / 0.52),
                "both_accept": 2, "both_reject": 2, "accepted_by_judge_alone": 1, "accepted_by_people_alone": 0,
                "not_understood": 0,
                "reasons": [
                    "wrong song": ["accepted": 0, "rejected": 1], "no call": ["accepted": 0, "rejected": 1],
                    "too loud": ["accepted": 1, "rejected": 0],
                ],
            ])
        let line = try #require(try run.lines("disagreements.jsonl").first)
        #expect(line["people_reason"] == "too loud" && line["judge"] == "yes" && line["people"] == "no")
        #expect(
            ValidationText(figures).text == """
                the judge agrees with 80.0% of 5 labels (κ 0.615)

                               judge accepts  judge rejects
                ─────────────  ─────────────  ─────────────
                people accept              2              0
                people reject              1              2

                people's reason  judge accepts  judge rejects
                ───────────────  ─────────────  ─────────────
                no call                      0              1
                too loud                     1              0
                wrong song                   0              1

                """)
    }

    /// The gate says nothing but the minimum, so that more labels change nothing behind it.
    @Test func theGateStopsWhatAgreesTooSeldom() throws {
        let figures = try Self.validated(Self.labels).text("validation.json")
        func failure(_ gate: JudgeGate) -> String { StageRun.failure(gate, texts: ["validation/validation.json": figures]) }
        let passed = try StageRun(JudgeGate(agreement: 0.8, kappa: 0.5), texts: ["validation/validation.json": figures])
        #expect(try passed.json("gate.json") == ["agreement": 0.8, "kappa": 0.5])
        #expect(passed.files == ["gate.json"])
        #expect(
            failure(JudgeGate(agreement: 0.93)) == """
                the judge agrees with 80.0% of 5 labels (κ 0.615); the recipe wants 93.0%. It accepts 1 answers that people \
                reject, 1 of them because of: too loud
                """)
        #expect(failure(JudgeGate(agreement: 0.5, kappa: 0.7)).contains("the recipe wants a κ of 0.7"))
    }

    /// A spreadsheet that people fill in, and rows that no data artifact has.
    @Test func labelsComeFromAnyContainer() throws {
        let sheet = [
            "id,response,accepted", #"row-x,"[{""name"":""play"",""arguments"":{""song"":""x""}}]",yes"#, "row-x,[],0",
        ]
        #expect(try Self.validated(sheet, as: "labels.csv").json("validation.json")["agreement"] == 1)
        let own =
            #"{"query":"play a","answers":[{"name":"play","arguments":{"song":"a"}}],"response":[],"accepted":false}"#
        #expect(try Self.validated([own]).json("validation.json")["both_reject"] == 1)
    }

    @Test(arguments: [
        (#"{"id":"row-x","response":"[]","accepted":"maybe"}"#, "line 1: 'accepted' is \"maybe\"; write yes or no"),
        (#"{"id":"row-q","response":"[]","accepted":true}"#, "the data have no row 'row-q'; give the record a 'query'"),
        (#"{"response":"[]","accepted":true}"#, "neither an 'id' of a row nor a 'query'"),
        (#"{"id":"row-x","accepted":true}"#, "there is no 'response'"),
        (#"{"id":"row-x","response":"[]"}"#, "the labels have no answer that is judged"),
    ])
    func aLabelThatSaysNothingIsNamed(line: String, words: String) {
        #expect(throws: StageFailure.self) {
            do {
                _ = try Self.validated([line])
            } catch let failure as StageFailure {
                #expect(failure.description.contains(words), "\(failure)")
                throw failure
            }
        }
    }
}

/// Two models' answers, pair by pair.
@Suite struct EvalCompareTests {
    private static let data = [
        "data/functions.json": JudgingStagesTests.functions,
        "data/test.jsonl": JudgingStagesTests.rows.map(\.json.canonicalText).joined(separator: "\n"),
    ]

    private static func answers(_ responses: [String]) -> String {
        zip(JudgingStagesTests.rows, responses).map {
            JSON.object(["id": .string($0.id), "response": .string($1), "response_tokens": 3]).canonicalText
        }.joined(separator: "\n")
    }

    private static let (x, y, z) = (JudgingStagesTests.call("x"), JudgingStagesTests.call("y"), JudgingStagesTests.call("z"))
    /// Wins the first, loses the second, says the same in the third.
    private static let texts = data.merging([
        "answers/test.jsonl": answers([x, x, z]), "others/test.jsonl": answers([z, y, z]),
    ]) { $1 }

    @Test func rulesLetTheAcceptedAnswerWin() throws {
        let run = try StageRun(EvalCompare(judge: .ast, sets: ["test"]), texts: Self.texts)
        #expect(
            try run.json("comparison.json")["sets"]?["test"] == [
                "pairs": 3, "wins": 1, "ties": 1, "losses": 1, "equal": 1, "order_dependent": 0, "not_understood": 0,
            ])
        #expect(try run.lines("comparisons.jsonl").compactMap { $0["outcome"]?.string } == ["win", "loss", "tie"])
        #expect(
            Figures.comparison.text("", try run.json("comparison.json")) == """
                set   pairs  wins  ties  losses
                ────  ─────  ────  ────  ──────
                test      3  33.3  33.3    33.3

                """)
    }

    /// Neither the sheet's names nor its order say whose an answer is; the key does.
    @Test func theSheetIsBlindAndItsKeyIsNot() throws {
        let run = try StageRun(EvalCompare(judge: .ast, sets: ["test"], seed: 3), texts: Self.texts)
        let sheet = try run.text("sheet.csv")
        #expect(sheet.hasPrefix("number,question,choices,A,B,better,reason\r\n"))
        #expect(!sheet.contains("answers") && !sheet.contains("others"))
        let key = try run.lines("key.jsonl")
        #expect(key.compactMap { $0["number"]?.integer } == [1, 2, 3])
        for line in key {
            let (id, first) = (try #require(line["id"]?.string), line["A"])
            let place = try #require(JudgingStagesTests.rows.firstIndex { $0.id == id })
            let (own, other) = ([Self.x, Self.x, Self.z][place], [Self.z, Self.y, Self.z][place])
            let cells = [first == "answers" ? own : other, first == "answers" ? other : own].map {
                "\"" + $0.replacing("\"", with: "\"\"") + "\""
            }
            #expect(sheet.contains("play \(id.suffix(1)),play(song:string),\(cells[0]),\(cells[1]),,\r\n"))
        }
        // The same seed, the same bytes.
        let again = try StageRun(EvalCompare(judge: .ast, sets: ["test"], seed: 3), texts: Self.texts)
        #expect(try again.text("sheet.csv") == sheet)
        let few = try StageRun(EvalCompare(judge: .ast, sets: ["test"], pairs: 2), texts: Self.texts)
        #expect(try few.json("comparison.json")["sets"]?["test"]?["pairs"] == 2)
    }

    /// A sheet that comes back says what people think of the pairs that it was made of.
    @Test func aFilledSheetIsCounted() throws {
        let run = try StageRun(EvalCompare(judge: .ast, sets: ["test"]), texts: Self.texts)
        let key = try run.lines("key.jsonl")
        // People prefer the first model's answer to the first row, whichever place it has, and know nothing of the second.
        let words = key.map { line in
            switch line["id"]?.string {
            case "row-x": line["A"] == "answers" ? "A" : "b "
            case "row-z": "Tie"
            default: ""
            }
        }
        let lines = try run.text("sheet.csv").components(separatedBy: "\r\n").filter { !$0.isEmpty }
        let filled = [lines[0]] + zip(lines.dropFirst(), words).map { String($0.dropLast()) + $1 + "," }
        func compared(_ sheet: [String]) -> [String: String] {
            Self.texts.merging(["sheet/filled.csv": sheet.joined(separator: "\r\n")]) { $1 }
        }
        let comparison = try StageRun(EvalCompare(judge: .ast, sets: ["test"]), texts: compared(filled)).json("comparison.json")
        let people = try #require(comparison["people"])
        #expect(people["agreeing"] == 2)
        let counts = try #require(people["sets"]?["test"])
        #expect(counts["pairs"] == 2 && counts["wins"] == 1 && counts["ties"] == 1 && counts["losses"] == 0)
        #expect(Figures.comparison.text("", comparison).contains("people and the judge say the same of 2 pairs"))
        // What was shown must be what is compared.
        let other = filled.map { $0.replacing("song", with: "tune") }
        #expect(
            StageRun.failure(EvalCompare(judge: .ast, sets: ["test"]), texts: compared(other)).contains("fill in a new sheet"))
        #expect(
            StageRun.failure(
                EvalCompare(judge: .ast, sets: ["test"]),
                texts: compared([lines[0], String(lines[1].dropLast()) + "C,"])
            ).contains("'better' wants A, B or tie"))
    }

    /// A model that always prefers the first answer prefers none; one that knows what it wants is asked in both orders.
    @Test func aModelChoosesInEitherOrder() throws {
        struct Chooser: JudgingModel {
            let choose: @Sendable (String) -> String
            func replies(to questions: [String], _ options: ReplyOptions) -> [[JudgingReply]] {
                questions.map { [JudgingReply(text: choose($0), isWhole: true)] }
            }
        }
        let task = CallTask(functions: JudgingModelTests.functions)
        let row = JudgingStagesTests.rows[0]
        let pair = AnswerPair(
            set: "test", row: row, own: JudgedResponse(row: row, response: Self.x, format: .call),
            other: JudgedResponse(row: row, response: Self.y, format: .call))
        func outcome(_ question: ModelQuestion = ModelQuestion(), _ choose: @escaping @Sendable (String) -> String) throws
            -> PairOutcome
        {
            let judge = PairJudge(model: Chooser(choose: choose), question: question, task: task)
            return try #require(judge.outcomes(of: [pair]).0.first)
        }
        let always = try outcome { _ in "A" }
        #expect(always.result == .tie && always.dependsOnOrder)
        let x = Self.x
        #expect(try outcome { $0.contains("Answer A:\n\(x)") ? "A" : "B." }.result == .win)
        #expect(try outcome { $0.contains("Answer A:\n\(x)") ? "b" : "a" }.result == .loss)
        #expect(try outcome { _ in "tie" }.why == "the judging model prefers neither")
        #expect(try !outcome { _ in "both are fine" }.isUnderstood)
        let reasoned = ModelQuestion(verdict: .lastLine, maxTokens: 100)
        #expect(try outcome(reasoned) { $0.contains("Answer A:\n\(x)") ? "It is x.\nA" : "It is x.\nB" }.result == .win)
    }
}
