import BuildModel
import CanonicalJSON
import Engine
import Foundation
import TestSupport
import Testing

@testable import Kinds
@testable import Stages

@Suite struct ParaphraseTests {
    private static let row = Row(
        id: "r", query: "play Yellow in the kitchen",
        answers: [FunctionCall(name: "play", arguments: ["song": "Yellow", "room": "kitchen", "times": 2])])

    private func reason(_ reply: String, isWhole: Bool = true) -> String? {
        Paraphrase(
            of: Self.row, reply: JudgingReply(text: reply, isWhole: isWhole),
            keeping: ProtectedWords(of: Self.row, functions: [:])
        ).reason
    }

    @Test func whatKeepsTheWordsOfTheAnswerIsKept() {
        #expect(reason("put on Yellow for me, in the Kitchen!") == nil)
        #expect(reason("put on Yellow") == "it lacks 'kitchen'")
        #expect(reason("put on Yellowstone in the kitchen") == "it lacks 'Yellow'")
        #expect(reason("put on Yellow in the kitchen", isWhole: false) == "it does not end")
        #expect(reason(" \n ") == "it is empty")
        #expect(reason(String(repeating: "please ", count: 30) + "Yellow kitchen") == "it is much longer or shorter")
    }

    @Test(arguments: [
        ("put it on", "put it on"), ("\n  \"put it on\"\n", "put it on"), ("1. put it on\n2. switch it on", "put it on"),
        ("Paraphrase: put it on", "put it on"), ("Here is one:\nput it on", "put it on"), ("- `put it on`", "put it on"),
        ("", ""),
    ])
    func whatModelsPutAroundASentenceGoes(reply: String, question: String) {
        #expect(Paraphrase.question(in: reply) == question)
    }

    @Test func aQuestionThatIsThereAlreadyIsNoNewOne() {
        var known: Set = ["Play yellow, in the kitchen!".questionIdentity]
        var paraphrase = Paraphrase(
            of: Self.row, reply: JudgingReply(text: "play Yellow in the kitchen.", isWhole: true),
            keeping: ProtectedWords(of: Self.row, functions: [:]))
        paraphrase.rejectIfKnown(&known)
        #expect(paraphrase.reason == "the question is there already")
    }
}

/// A model behind a server says questions in other words, and is asked whether they mean the same.
@Suite struct DataParaphraseTests {
    private static let rows = ["kitchen", "hall"].map { room in
        Row(id: room, query: "light the \(room)", answers: [FunctionCall(name: "light", arguments: ["room": .string(room)])])
    }

    private let folder = TemporaryFolder()
    private var files: QuestionFiles {
        QuestionFiles(questions: folder.url.appending(path: "questions"), answers: folder.url.appending(path: "answers"))
    }

    private var inputs: [String: Data] {
        let other = Row(id: "t", query: "the hall needs light", answers: Self.rows[1].answers)
        return [
            "data/functions.json": Data("[]".utf8),
            "data/train.jsonl": Data(Self.rows.map(\.json.canonicalText).joined(separator: "\n").utf8),
            "data/test.jsonl": Data(other.json.canonicalText.utf8),
        ]
    }

    private var kind: DataParaphrase {
        var kind = DataParaphrase(count: 2)
        kind.endpoint = EndpointParameters(model: "big")
        return kind
    }

    /// Answers the questions that a run left open.
    private func answer(_ reply: (String, Int) -> String) throws {
        let open = try String(contentsOf: files.questions, encoding: .utf8).split(separator: "\n")
        var lines = (try? String(contentsOf: files.answers, encoding: .utf8)) ?? ""
        for (number, line) in open.enumerated() {
            let question = try #require(ChatQuestion(body: Array(line.utf8)))
            let text = try #require(try JSON(parsing: String(line))["messages"]?[0]?["content"]?.string)
            let answer: JSON = [
                "choices": [["finish_reason": "stop", "message": ["content": .string(reply(text, number))]]]
            ]
            lines += ChatExchange(question, answer: answer).json.canonicalText + "\n"
        }
        try Data(lines.utf8).write(to: files.answers)
    }

    @Test func keptParaphrasesAreRowsBesideTheFirst() throws {
        #expect(throws: StageQuestions(count: 4)) { try StageRun(kind, inputs: inputs, questionFiles: files) }
        try answer { text, number in
            if text.contains("kitchen") { return number == 0 ? "make it bright in the kitchen" : "make it bright" }
            return number == 2 ? "The hall needs light!" : "brighten the hall"
        }
        // Two are left: one lacks the kitchen, one is a test question.
        #expect(throws: StageQuestions(count: 2)) { try StageRun(kind, inputs: inputs, questionFiles: files) }
        try answer { text, _ in text.contains("brighten the hall") ? "No." : "yes" }
        let run = try StageRun(kind, inputs: inputs, questionFiles: files)
        let rows = try run.lines("train.jsonl")
        #expect(rows.compactMap { $0["id"]?.string } == ["kitchen", "hall", "kitchen~said-1"])
        #expect(rows[2]["query"] == "make it bright in the kitchen" && rows[2]["answers"] == rows[0]["answers"])
        let reasons = try run.lines("paraphrases.jsonl").map { $0["reason"]?.string }
        #expect(
            reasons == [
                nil, "it lacks 'kitchen'", "the question is there already", "the model says that it asks for something else",
            ])
        #expect(
            try run.json("summary.json") == [
                "kept": 1,
                "rejected": [
                    "it lacks": 1, "the question is there already": 1, "the model says that it asks for something else": 1,
                ],
            ])
        #expect(try run.lines("exchanges.jsonl").count == 6)
        #expect(try run.text("test.jsonl").contains("the hall needs light"))
    }

    @Test func withoutAModelTheInputIsNamed() {
        let texts = inputs.mapValues { String(decoding: $0, as: UTF8.self) }
        #expect(StageRun.failure(DataParaphrase(), texts: texts).contains("give the stage the input 'model'"))
    }
}
