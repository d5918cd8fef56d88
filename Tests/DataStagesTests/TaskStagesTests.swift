import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Testing
import Words

@testable import Kinds
@testable import Stages

/// Stages follow the task of their data.
@Suite struct TaskStagesTests {
    static let task = #"{"kind":"classify","labels":["lost","top_up"],"instructions":"Which topic?"}"#

    static func row(_ id: String, _ reply: String) -> String {
        JSON.object([
            "id": .string(id), "query": .string("query \(id)"), "functions": [], "answers": [], "reply": .string(reply),
        ])
        .canonicalText
    }

    static let data = [
        "data/functions.json": "[]", "data/task.json": task, "data/train.jsonl": row("a", "lost") + "\n" + row("b", "top_up"),
        "data/test.jsonl": row("c", "lost") + "\n" + row("d", "top_up"),
    ]

    @Test func theTaskIsCarriedAlong() throws {
        var ingested = Self.data.filter { !$0.key.hasSuffix(".jsonl") }
        ingested["data/rows.jsonl"] = (0..<40).map { Self.row("\($0)", "lost") }.joined(separator: "\n")
        let split = try StageRun(DataSplit(), texts: ingested)
        #expect(try split.json("task.json") == JSON(parsing: Self.task))
        #expect(try split.lines("train.jsonl").allSatisfy { $0["reply"] == "lost" && $0["functions"] == [] })
        var knowing = Self.data
        knowing["snippets/s.jsonl"] = #"{"text":"query a"}"#
        #expect(try StageRun(DataKnowledge(), texts: knowing).json("task.json") == JSON(parsing: Self.task))
        let short = try StageRun(DataCompressPrompt(), texts: Self.data).json("task.json")
        #expect(short["instructions"] == nil && short["labels"] == ["lost", "top_up"])
        // Rows that want calls, and nothing more, have no such file: their artifacts are what they were.
        ingested["data/task.json"] = nil
        #expect(try StageRun(DataSplit(), texts: ingested).files.contains("task.json") == false)
    }

    @Test func aDamagedTaskIsNamed() {
        var data = Self.data
        for (text, message) in [("[", "data/task.json: "), (#"{"kind":"sing"}"#, "data/task.json: 'kind' names no task")] {
            data["data/task.json"] = text
            data["rollouts/rollouts.jsonl"] = ""
            let failure = StageRun.failure(Judge(), texts: data)
            #expect(failure.contains(message), "\(failure)")
        }
    }

    @Test func labelsAreJudged() throws {
        var texts = Self.data
        texts["rollouts/rollouts.jsonl"] = [("a", "lost"), ("a", "lost "), ("a", "top_up"), ("b", "no idea")]
            .map { JudgingStagesTests.rollout($0.0, $0.1) }.joined(separator: "\n")
        let run = try StageRun(Judge(kind: .ast, keep: 2, answer: .call), texts: texts)
        #expect(try run.lines("accepted.jsonl") == [["id": "a", "response": "lost"]])
        #expect(
            try run.lines("rejected.jsonl").map { $0["reason"] } == [
                "the answer has white space around the label", "the label is top_up where lost is wanted",
                "the answer is no label",
            ])
    }

    @Test func labelsAreScored() throws {
        var texts = Self.data
        texts["answers/test.jsonl"] =
            #"{"id":"c","response":"lost","response_tokens":2}"# + "\n" + #"{"id":"d","response":"lost","response_tokens":2}"#
        let run = try StageRun(EvalScore(judge: .ast, sets: ["test"], answer: .call), texts: texts)
        let scores = try #require(try run.json("scores.json")["sets"]?["test"])
        #expect(scores["accuracy"] == 0.5 && scores["ar"] == 0.5 && scores["call_rows"] == nil)
        let confusion = try run.json("confusion.json")
        #expect(confusion["sets"]?["test"]?["given"]?["top_up"] == ["lost": 1])
        #expect(
            ConfusionText(confusion).text == """
                test: wanted  given instead  rows  precision  recall    F1
                ────────────  ─────────────  ────  ─────────  ──────  ────
                lost                            1       50.0   100.0  66.7
                top_up        lost 1            1        0.0     0.0   0.0

                """)
        let wrong = try #require(try run.lines("failures.jsonl").first)
        #expect(wrong["wanted"] == "top_up" && wrong["reason"] == "the label is lost where top_up is wanted")
    }

    /// A judging model is asked about words, and told the labels where the recipe's question has a place for them.
    @Test func aJudgingModelReadsWords() throws {
        let task = try TaskDescription(json: JSON(parsing: Self.task)).task(functions: [:])
        let row = try Row(json: JSON(parsing: Self.row("a", "lost")))
        let standard = try JudgingQuestion(ModelQuestion(), of: .classify).text(about: "top_up", to: row, task)
        for part in ["query a", "\nlost\n", "\ntop_up\n", "say the same"] { #expect(standard.contains(part)) }
        #expect(
            try JudgingQuestion(ModelQuestion(prompt: "{functions}|{reference}"), of: .classify).text(about: "", to: row, task)
                == "lost\ntop_up|lost")
    }

    /// A model behind a server is told the labels, and its words are taken as they are, without reasoning and fences.
    @Test func aModelBehindAServerReadsTheLabels() throws {
        var sample = EndpointSample()
        sample.endpoint.model = "large"
        let folder = FileManager.default.temporaryDirectory.appending(path: "task-questions-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = QuestionFiles(questions: folder.appending(path: "questions"), answers: folder.appending(path: "answers"))
        #expect(throws: StageQuestions(count: 2)) {
            try StageRun(sample, inputs: Self.data.mapValues { Data($0.utf8) }, questionFiles: files)
        }
        let asked = try String(contentsOf: folder.appending(path: "questions"), encoding: .utf8)
        #expect(asked.contains(#"Which topic?\n\nAnswer with one of these labels:\nlost\ntop_up"#) && !asked.contains("tools"))
        let answer: JSON = ["choices": [["message": ["content": "<think>hm</think>\n```\nlost\n```\n"]]]]
        #expect(ChatAnswer(answer, readsCalls: false).response == "lost")
    }

    @Test func aTokenizerLearnsPromptsAndReplies() throws {
        var kind = TokenizerTrain()
        kind.vocabulary = 300
        let run = try StageRun(kind, texts: Self.data)
        #expect(run.files.contains("tokenizer.json"))
        #expect(throws: RowError.self) {
            kind.answer = .reasoning
            _ = try StageRun(kind, texts: Self.data)
        }
    }
}
