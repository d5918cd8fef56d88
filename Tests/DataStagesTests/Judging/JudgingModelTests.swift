import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Testing
import Words

@testable import Kinds
@testable import Stages

/// Judges that are models.
@Suite struct JudgingModelTests {
    /// Replies by what a question holds.
    struct Fake: JudgingModel {
        var replies: [(part: String, reply: JudgingReply)]

        func replies(to questions: [String], _ options: ReplyOptions) -> [[JudgingReply]] {
            questions.map { question in
                [replies.first { question.contains($0.part) }?.reply ?? JudgingReply(text: "no", isWhole: true)]
            }
        }
    }

    static let row = JudgingStagesTests.rows[0]
    static let functions = [
        "play": FunctionDefinition(name: "play", summary: "", parameters: ["properties": ["song": ["type": "string"]]])
    ]

    @Test(arguments: [
        ("yes", true, ModelVerdict.yes), ("No", true, .no), (" YES\n", true, .yes), ("yes", false, nil), ("No.", true, .no),
        ("yes..", true, nil), ("Yes, it does", true, nil), ("", true, nil), (".", true, nil), ("yes no", true, nil),
        ("yes .", true, nil), ("The answer is no.", true, nil), ("ja", true, nil),
    ])
    func aVerdictIsOneWord(text: String, isWhole: Bool, verdict: ModelVerdict?) {
        #expect(ModelVerdict(reply: JudgingReply(text: text, isWhole: isWhole)) == verdict)
    }

    @Test func aQuestionHoldsWhatItsPlacesName() throws {
        var row = Self.row
        row.query = "play {answer} {"
        row.functions = ["play"]
        row.background.context = [ChatMessage(role: .user, content: "be brief")]
        let question = JudgingQuestion(
            ModelQuestion(prompt: "{query}|{functions}|{answer}|{reference}|{other}|{"), of: .calls)
        #expect(
            try question.text(about: "[]", to: row, CallTask(functions: Self.functions))
                == #"be brief\#nplay {answer} {|play(song:string)|[]|[{"name":"play","arguments":{"song":"x"}}]|{other}|{"#)
        let standard = try JudgingQuestion(ModelQuestion(), of: .calls).text(
            about: "[1]", to: row, CallTask(functions: Self.functions))
        for part in ["play {answer} {", "play(song:string)", "\n[1]\n", PromptStyle.response(to: row), "yes or no"] {
            #expect(standard.contains(part), "\(part)")
        }
    }

    @Test func theModelDecidesAndItsAgreementWithTheRulesIsCounted() throws {
        let (right, loose) = (JudgingStagesTests.call("x"), JudgingStagesTests.call("the x"))
        let responses = [right, loose, loose, "a", "b", right].map {
            JudgedResponse(row: Self.row, response: $0, format: .call)
        }
        let model = Fake(replies: [
            (part: "the x", reply: .init(text: "yes", isWhole: true)),
            (part: "=a", reply: .init(text: "perhaps", isWhole: true)),
            (part: "=b", reply: .init(text: "No", isWhole: true)), (part: "=[", reply: .init(text: "Yes", isWhole: true)),
        ])
        let task = CallTask(functions: Self.functions)
        let judge = ModelJudge(model: model, question: ModelQuestion(prompt: "={answer}"), task: task)
        let judging = try JudgeVerdicts(responses, by: [judge], task)
        #expect(
            judging.verdicts == [
                .accepted, .accepted, .accepted, .rejected("verdict not understood"), .rejected("the judging model says no"),
                .accepted,
            ])
        #expect(
            judging.agreement(over: 0..<6) == [
                "compared": 6, "agreeing": 4, "share": .number(4.0 / 6), "accepted_by_model_alone": 2,
                "accepted_by_ast_alone": 0,
                "not_understood": 1,
            ])
        #expect(judging.agreement(over: 3..<5)?["share"] == 1)
        // Each distinct response is asked about once.
        #expect(judging.transcript?.count == 4)
        #expect(
            judging.transcript?[1] == [
                "id": "row-x", "response": .string(loose), "question": .string("=" + loose), "reply": "yes", "verdict": "yes",
                "ast": false,
            ])
        #expect(judging.transcript?[2]["verdict"] == .null)
        let rules = try JudgeVerdicts(responses, by: [RuleJudge(rules: .ast, task: task)], task)
        #expect(rules.agreement(over: 0..<6) == nil)
        #expect(rules.transcript == nil)
    }

    /// A tiny model that has learned to say `yes` to one question and `no` to another, as stages would have it.
    @Test func aModelAtHandJudges() throws {
        let model = try Self.judgingModel()
        var (judge, texts) = JudgingStagesTests.judge(
            keep: 1,
            [
                JudgingStagesTests.rollout("row-x", JudgingStagesTests.call("y")), JudgingStagesTests.rollout("row-y", "none"),
                JudgingStagesTests.rollout("row-z", "none", ended: false),
            ])
        judge.kind = .model
        judge.question = ModelQuestion(prompt: "{answer}", endpoint: nil)
        let inputs = model.merging(texts.mapValues { Data($0.utf8) }) { $1 }
        let run = try StageRun(judge, inputs: inputs)
        #expect(try run.lines("accepted.jsonl") == [["id": "row-x", "response": .string(JudgingStagesTests.call("y"))]])
        #expect(
            try run.lines("rejected.jsonl").compactMap { $0["reason"]?.string } == [
                "the judging model says no", "the response does not end",
            ])
        let verdicts = try run.lines("verdicts.jsonl")
        #expect(verdicts.compactMap { $0["reply"]?.string } == ["yes", "no"])
        #expect(verdicts.compactMap { $0["question"]?.string } == [JudgingStagesTests.call("y"), "none"])
        let agreement = try #require(try run.json("summary.json")["agreement"])
        #expect(agreement["compared"] == 2)
        #expect(agreement["share"] == 0.5)
        #expect(agreement["accepted_by_model_alone"] == 1)

        texts["answers/test.jsonl"] = [("row-x", JudgingStagesTests.call("y")), ("row-y", "none")].map {
            #"{"id":"\#($0)","response":\#(JSON.string($1).canonicalText),"response_tokens":3}"#
        }.joined(separator: "\n")
        texts["data/test.jsonl"] = texts["data/train.jsonl"]
        let score = EvalScore(
            judge: .model, sets: ["test"], answer: .call, question: ModelQuestion(prompt: "{answer}", endpoint: nil))
        let scored = try StageRun(score, inputs: model.merging(texts.mapValues { Data($0.utf8) }) { $1 })
        let scores = try #require(try scored.json("scores.json")["sets"]?["test"])
        #expect(scores["ar"] == 0.5)
        #expect(scores["agreement"]?["agreeing"] == 1)
        #expect(try scored.lines("verdicts.jsonl").compactMap { $0["verdict"]?.string } == ["yes", "no"])
        #expect(try scored.lines("failures.jsonl").compactMap { $0["reason"]?.string } == ["the judging model says no"])
    }

    @Test func aJudgeWithoutAModelOrWithoutAnswersIsRefused() {
        var (judge, texts) = JudgingStagesTests.judge(keep: 1, [JudgingStagesTests.rollout("row-x", "x")])
        judge.kind = .model
        #expect(StageRun.failure(judge, texts: texts).contains("give the stage the input 'judge'"))
        judge.question = ModelQuestion(prompt: "", endpoint: EndpointParameters(model: "m"))
        #expect(StageRun.failure(judge, texts: texts).contains("nobody is there to answer"))
        texts.removeAll()
    }

    /// The stage leaves a question for each distinct response, and goes on with the answers.
    @Test func aJudgeBehindAServerIsAskedThroughFiles() throws {
        var (judge, texts) = JudgingStagesTests.judge(
            keep: 2, [JudgingStagesTests.rollout("row-x", "x"), JudgingStagesTests.rollout("row-x", "y")])
        judge.kind = .model
        judge.question = ModelQuestion(prompt: "{answer}", endpoint: EndpointParameters(model: "m"))
        let folder = URL.temporaryDirectory.appending(path: "decant-judge-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let files = QuestionFiles(questions: folder.appending(path: "questions"), answers: folder.appending(path: "answers"))
        let inputs = texts.mapValues { Data($0.utf8) }
        #expect(throws: StageQuestions(count: 2)) { try StageRun(judge, inputs: inputs, questionFiles: files) }
        let questions = try Data(contentsOf: files.questions).split(separator: UInt8(ascii: "\n"))
            .compactMap { ChatQuestion(body: $0) }
        #expect(questions.map(\.model) == ["m", "m"])
        let answers = zip(questions, ["yes", "No"]).map { question, word -> String in
            let answer: JSON = ["choices": [["finish_reason": "stop", "message": ["content": .string(word)]]]]
            return ChatExchange(question, answer: answer).json.canonicalText
        }
        try Data(answers.joined(separator: "\n").utf8).write(to: files.answers)
        let run = try StageRun(judge, inputs: inputs, questionFiles: files)
        #expect(try run.lines("accepted.jsonl").map { $0["response"]?.string } == ["x"])
        #expect(try run.lines("rejected.jsonl").map { $0["reason"]?.string } == ["the judging model says no"])
        #expect(try run.lines("exchanges.jsonl").count == 2)
        #expect(try run.json("summary.json")["agreement"]?["compared"] == 2)
    }

    /// The files of a model folder, as the input `judge`.
    private static func judgingModel() throws -> [String: Data] {
        let functions = "[]"
        let rows = [JudgingStagesTests.call("y"), "none"].map { Row(id: $0, query: $0, answers: []).json.canonicalText }
        var inputs: [String: Data] = [
            "data/functions.json": Data(functions.utf8), "data/train.jsonl": Data(rows.joined(separator: "\n").utf8),
        ]
        let tokenizer = try StageRun(TokenizerTrain(vocabulary: 280, prompt: .query), inputs: inputs)
        try inputs.merge(tokenizer.folder(as: "tokenizer")) { $1 }
        let shape = ModelShape(hidden: 16, layers: 1, heads: 2, kvHeads: 1, intermediate: 32, tied: true)
        try inputs.merge(StageRun(ModelInit(shape: shape, seed: 1), inputs: inputs).folder(as: "model")) { $1 }
        let answers = zip([JudgingStagesTests.call("y"), "none"], ["yes", "no"]).map {
            JSON.object(["id": .string($0), "response": .string($1)]).canonicalText
        }
        inputs["judged/accepted.jsonl"] = Data(answers.joined(separator: "\n").utf8)
        let training = TrainingParameters(
            steps: 60, batch: 4, learningRate: 0.01, optimizer: .muon, warmup: 0.1, weightDecay: 0, seed: 3)
        return try StageRun(TrainSFT(training: training, prompt: .query), inputs: inputs).folder(as: "judge")
    }
}
