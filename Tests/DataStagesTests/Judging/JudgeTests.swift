import CanonicalJSON
import Engine
import Foundation
import Testing
import Words

@testable import Kinds
@testable import Stages

/// Judges that reason, vote, grade, know no reference, or are programs.
@Suite struct JudgeTests {
    /// Gives every question the same votes, and remembers what it was asked.
    private final class Voter: JudgingModel {
        let votes: [String]
        private(set) var asked: [String] = []
        private(set) var options: ReplyOptions?

        init(_ votes: String...) { self.votes = votes }

        func replies(to questions: [String], _ options: ReplyOptions) -> [[JudgingReply]] {
            asked += questions
            self.options = options
            return questions.map { _ in votes.map { JudgingReply(text: $0, isWhole: true) } }
        }
    }

    private static let task = CallTask(functions: JudgingModelTests.functions)
    private static let row = JudgingStagesTests.rows[0]

    private static func judge(_ model: some JudgingModel, _ question: ModelQuestion, response: String = "[]") throws -> Opinion
    {
        let judge = ModelJudge(model: model, question: question, task: task)
        return try #require(judge.opinions(on: [JudgedResponse(row: row, response: response, format: .call)]).first)
    }

    @Test func aJudgeThatReasonsIsUnderstoodAndItsRationaleKept() throws {
        let opinion = try Self.judge(
            Voter("<think>The song is x.</think>It calls play with x.\nVerdict: yes"),
            ModelQuestion(verdict: .lastLine, maxTokens: 512))
        #expect(opinion.verdict == .accepted)
        #expect(opinion.record?["rationale"] == "The song is x.\n\nIt calls play with x.")
        #expect(opinion.record?["verdict"] == "yes")
    }

    /// More than half of the votes decide, and what has no verdict accepts nothing.
    @Test(arguments: [
        (["yes", "no", "yes"], true, true), (["yes", "no", "perhaps"], false, true), (["no", "no", "yes"], false, true),
        (["yes", "what", "how"], false, false),
    ])
    func votesAreCounted(votes: [String], isAccepted: Bool, isUnderstood: Bool) throws {
        let question = ModelQuestion(votes: 3, temperature: 0.7, seed: 9)
        let model = FixedVotes(votes: votes)
        let opinion = try Self.judge(model, question)
        #expect(opinion.verdict.isAccepted == isAccepted)
        #expect(opinion.isUnderstood == isUnderstood)
        #expect(opinion.record?["votes"]?.array?.count == 3)
        #expect(ReplyOptions(question) == model.wanted)
    }

    private struct FixedVotes: JudgingModel {
        let votes: [String]

        var wanted: ReplyOptions {
            var options = ReplyOptions(ModelQuestion())
            (options.votes, options.temperature, options.seed) = (3, 0.7, 9)
            return options
        }

        func replies(to questions: [String], _ options: ReplyOptions) -> [[JudgingReply]] {
            questions.map { _ in votes.map { JudgingReply(text: $0, isWhole: true) } }
        }
    }

    @Test(arguments: [("4", true, 4.0), ("3", false, 3), ("4.5/5", true, 4.5), ("6", false, nil), ("good", false, nil)])
    func gradesAreHeldAgainstTheThreshold(reply: String, isAccepted: Bool, grade: Double?) throws {
        let model = Voter(reply)
        let opinion = try Self.judge(
            model, ModelQuestion(rubric: Rubric(grades: 5, threshold: 4, criteria: ["The song is the one asked for."])))
        #expect(opinion.verdict.isAccepted == isAccepted)
        #expect(opinion.record?["grade"]?.double == grade)
        #expect(opinion.isUnderstood == (grade != nil))
        let asked = try #require(model.asked.first)
        #expect(asked.contains("What counts:\n- The song is the one asked for.\n\n"))
        #expect(asked.hasSuffix("Grade that from 1, not at all, to 5, in every respect. Reply with the grade alone."))
    }

    /// The judge of a row without a reference sees all else that is known.
    @Test func withoutAReferenceTheQuestionShowsTheRow() throws {
        var row = Row(id: "r", query: "and in the hall?", answers: [])
        row.background.instructions = "Call one function."
        row.background.knowledge = ["The hall has two lamps."]
        row.background.context = [
            ChatMessage(role: .user, content: "light the kitchen"), ChatMessage(role: .assistant, content: "Done."),
        ]
        let light = FunctionDefinition(
            name: "light", summary: "Lights a room.",
            parameters: [
                "properties": [
                    "room": ["type": "string", "enum": ["hall", "kitchen"], "description": "Which room."],
                    "level": ["type": "integer"],
                ], "required": ["room"],
            ])
        let question = JudgingQuestion(ModelQuestion(reference: .none, verdict: .json), of: .calls)
        let text = try question.text(
            about: "[1]", to: row, CallTask(functions: ["light": light], Guidance("You help at home.")))
        #expect(
            text == """
                You judge an assistant that answers with function calls.

                Its instructions:
                You help at home.

                Call one function.

                What it was told:
                - The hall has two lamps.

                What was said before:
                user: light the kitchen
                assistant: Done.

                The question:
                and in the hall?

                The functions that it may call:
                light: Lights a room.
                  level (integer)
                  room (string, required; one of "hall", "kitchen"): Which room.

                The assistant's answer:
                [1]

                Does the answer do what is asked for? It calls functions of the list alone, gives every required argument, and \
                takes its values from what stands above; [] calls none, which is right where none fits. Several answers may be \
                right. Reply with a JSON object such as {"reason": "…", "verdict": "yes"}, where it says yes or no.
                """)
        // What a row does not have is not spoken of.
        let bare = try JudgingQuestion(ModelQuestion(reference: .none), of: .text).text(
            about: "", to: Row(id: "r", query: "why?", answers: []), TextTask())
        #expect(
            bare == """
                You judge an assistant.

                The question:
                why?

                The assistant's answer:


                Is the answer right? Several answers may be. Reply with one word, yes or no.
                """)
    }

    /// A function's schema as a reader needs it, arrays and objects within it too.
    @Test func aFunctionIsDescribedWithAllThatItsSchemaSays() {
        let function = FunctionDefinition(
            name: "plan", summary: "",
            parameters: [
                "properties": [
                    "days": ["type": "array", "items": ["type": "string", "enum": ["Mon", "Tue"]]],
                    "stops": [
                        "type": "array", "description": "In order.",
                        "items": ["type": "object", "properties": ["city": ["type": "string"]], "required": ["city"]],
                    ],
                    "speed": ["type": ["number", "null"], "default": 30], "any": [:],
                ], "required": ["stops"],
            ])
        #expect(
            function.described == """
                plan
                  any
                  days (array of string; one of "Mon", "Tue")
                  speed (number or null; by default 30)
                  stops (array of object, required): In order.
                    city (string, required)
                """)
    }

    /// What the format rejects is asked of nobody else, and says why.
    @Test func aChainAsksOneJudgeAfterTheOther() throws {
        let model = Voter("yes")
        let responses = [JudgingStagesTests.call("x"), "nonsense", #"[{"name":"stop","arguments":{}}]"#].map {
            JudgedResponse(row: Self.row, response: $0, format: .call)
        }
        let judging = try JudgeVerdicts(
            responses,
            by: [FormatJudge(task: Self.task), ModelJudge(model: model, question: ModelQuestion(), task: Self.task)],
            Self.task)
        #expect(model.asked.count == 1 && judging.transcript?.count == 1)
        #expect(judging.verdicts[0] == .accepted)
        #expect(judging.verdicts[2] == .rejected("there is no function 'stop'"))
        #expect(judging.agreement(over: 0..<3)?["agreeing"] == 3)
    }

    /// A row's own functions are those that its answers may call.
    @Test func theFormatKnowsARowsOwnFunctions() {
        var row = Self.row
        row.functions = ["stop"]
        row.definitions = [FunctionDefinition(name: "stop", summary: "", parameters: ["properties": [:]])]
        let answers = [#"[{"name":"stop","arguments":{}}]"#, JudgingStagesTests.call("x")]
        let opinions = FormatJudge(task: Self.task).opinions(
            on: answers.map { JudgedResponse(row: row, response: $0, format: .call) })
        #expect(opinions.map(\.verdict.isAccepted) == [true, false])
    }

    /// The program reads each distinct response once, with its row, and its verdicts are compared with the rules.
    @Test func aProgramJudges() throws {
        let script = """
            import json
            with open("outputs/verdicts.jsonl", "w") as out:
                for line in open("inputs/responses/responses.jsonl"):
                    r = json.loads(line)
                    right = r["response"] == r["reference"]
                    print(json.dumps({"accepted": right, "reason": "not " + r["row"]["query"], "rationale": r["choices"]}), file=out)
            """
        var (judge, texts) = JudgingStagesTests.judge(
            keep: 1,
            [("row-x", "x"), ("row-x", "x"), ("row-y", "x")].map { JudgingStagesTests.rollout($0, JudgingStagesTests.call($1)) }
        )
        judge.kind = .exec
        judge.program = JudgingProgram(command: ["python3", "inputs/script/judge.py"], timeLimit: 60)
        texts["script/judge.py"] = script
        let run = try StageRun(judge, texts: texts)
        #expect(try run.lines("accepted.jsonl").compactMap { $0["id"]?.string } == ["row-x"])
        #expect(try run.lines("rejected.jsonl").compactMap { $0["reason"]?.string } == ["not play y"])
        let verdicts = try run.lines("verdicts.jsonl")
        #expect(verdicts.compactMap { $0["verdict"]?.string } == ["yes", "no"])
        #expect(verdicts[0]["rationale"] == "play(song:string)" && verdicts[0]["by"] == "exec" && verdicts[0]["ast"] == true)
        #expect(try run.json("summary.json")["agreement"]?["share"] == 1)
        #expect(!run.files.contains { $0.contains("judging") })
        // One line for each response, no more and no fewer.
        judge.program?.command = ["sh", "-c", "echo '{\"accepted\": true}' > outputs/verdicts.jsonl"]
        #expect(StageRun.failure(judge, texts: texts).contains("wrote 1 verdicts on 2 responses"))
        judge.program?.command = ["sh", "-c", "echo '{\"right\": true}' > outputs/verdicts.jsonl"]
        #expect(StageRun.failure(judge, texts: texts).contains("verdict 1: there is no 'accepted'"))
        judge.program?.command = ["false"]
        #expect(StageRun.failure(judge, texts: texts).contains("the command exited with status 1"))
    }
}
