import BuildModel
import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// Rows that say not what is right: how they are read, judged, and given references.
@Suite struct UnlabelledStagesTests {
    private static let functions = JudgingStagesTests.functions
    private static let file = #"{"tools": \#(functions)}"#

    private static func question(_ id: String) -> Row { Row(id: id, query: "play \(id)", answers: []).unlabelled }

    /// A file of each format, with labels.
    private static let labelled: [(RowFormat, TaskKind, String, String)] = [
        (
            .decant, .calls, "a.jsonl",
            #"{"id":"a","query":"play x","tools":\#(functions),"answers":[{"name":"play","arguments":{}}],"expect":"calls"}"#
        ),
        (
            .xlam, .calls, "a.jsonl",
            #"{"id":1,"query":"play x","tools":\#(functions),"answers":[{"name":"play","arguments":{}}]}"#
        ),
        (.openai, .calls, "a.jsonl", DataCompressPromptTests.chat.canonicalText),
        (.snips, .calls, "a.json", #"{"Play":[{"data":[{"text":"play "},{"text":"x","entity":"song"}]}]}"#),
        (.table, .classify, "a.csv", "query,label\nwhere is it,lost\n"),
        (
            .spans, .extract, "a.json",
            #"[{"userInput":{"text":"for two"},"labels":[{"slot":"people","valueSpan":{"startIndex":4,"endIndex":7}}]}]"#
        ),
        (.options, .choice, "a.jsonl", #"{"query":"2 + 2","options":["3","4"],"answer":1}"#),
        (.mmlu, .choice, "a.jsonl", #"{"question":"2 + 2","choices":["3","4"],"answer":1}"#),
        (.cmmlu, .choice, "a.csv", "Question,A,B,C,D,Answer\nhow many?,one,two,three,four,D\n"),
        (
            .arc, .choice, "a.jsonl",
            #"{"question":"2 + 2","choices":{"text":["3","4"],"label":["A","B"]},"answerKey":"B"}"#
        ),
        (
            .hellaswag, .choice, "a.jsonl",
            #"{"activity_label":"Sums","ctx_a":"Two and two","ctx_b":"make","endings":["3","4"],"label":1}"#
        ),
        (.ranking, .rank, "a.jsonl", #"{"query":"sums","document":"2 + 2","relevance":1}"#),
    ]

    @Test(arguments: labelled)
    func everyFormatCanBeQuestionsAlone(format: RowFormat, task: TaskKind, file: String, text: String) throws {
        var kind = DataIngest(format: format, expect: .unknown)
        kind.task = task
        if task == .classify { kind.labels = ["lost", "top_up"] }
        if task == .extract { kind.schema = #"{"type":"object","properties":{"people":{"type":"string"}}}"# }
        let run = try StageRun(kind, texts: ["train.0/\(file)": text])
        let rows = try run.lines("rows.jsonl")
        #expect(!rows.isEmpty)
        for row in rows {
            #expect(row["expect"] == "unknown" && row["answers"] == [])
            #expect(row["reply"] == nil && row["right"] == nil && row["ranked"]?["relevance"] == nil && row["possible"] == nil)
            #expect(try Row(json: row).isUnlabelled)
        }
        #expect(try run.json("reading.json")["unlabelled"]?.integer == rows.count)
    }

    /// Files that are questions alone need say nothing else.
    @Test(arguments: [
        (RowFormat.table, "a.csv", "query\nplay x\n"), (.decant, "a.jsonl", #"{"id":"a","query":"play x"}"#),
        (.openai, "a.jsonl", #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"play x"}]}"#),
    ])
    func questionsMayCallTheFunctionsOfAFile(format: RowFormat, file: String, text: String) throws {
        let kind = DataIngest(format: format, expect: .unknown)
        let run = try StageRun(kind, texts: ["train.0/\(file)": text, "functions/tools.json": Self.file])
        let row = try Row(json: #require(try run.lines("rows.jsonl").first))
        #expect(row.query == "play x" && row.isUnlabelled && row.functions.isEmpty)
        #expect(try run.json("functions.json")[0]?["name"] == "play")
        let lost = StageRun.failure(kind, texts: ["train.0/\(file)": text])
        #expect(lost.contains("name a file of them as 'functions' under data.ingest"), "\(lost)")
    }

    /// Labels that no row has are named by the recipe.
    @Test func labelsOfQuestionsAreNamed() throws {
        var kind = DataIngest(format: .table, expect: .unknown)
        kind.task = .classify
        let texts = ["train.0/a.csv": "query\nwhere is it\n"]
        #expect(StageRun.failure(kind, texts: texts).contains("name the labels as 'task.labels'"))
        kind.labels = ["lost", "top_up"]
        #expect(try StageRun(kind, texts: texts).json("task.json")["labels"] == ["lost", "top_up"])
    }

    /// Labelled rows may leave their functions to the same file, but call none that it lacks.
    @Test func labelledRowsMayShareAFile() throws {
        func row(_ name: String) -> String {
            #"{"id":"a","query":"play","answers":[{"name":"\#(name)","arguments":{}}],"expect":"calls"}"#
        }
        let run = try StageRun(DataIngest(), texts: ["train.0/a.jsonl": row("play"), "functions/tools.json": Self.file])
        #expect(try run.lines("rows.jsonl").count == 1)
        let unknown = StageRun.failure(
            DataIngest(), texts: ["train.0/a.jsonl": row("stop"), "functions/tools.json": Self.file])
        #expect(
            unknown.contains("the answer calls 'stop', which neither the row's tools nor data.ingest.functions have"),
            "\(unknown)")
        let alone = StageRun.failure(DataIngest(), texts: ["train.0/a.jsonl": row("play")])
        #expect(alone.contains("no 'tools' list; add one, or name a file of all functions as 'functions'"), "\(alone)")
    }

    /// Nobody knows which functions such a row needs, so that it lists all that it may.
    @Test func unlabelledRowsListThePool() throws {
        let names = ["one", "two", "three", "play"]
        let functions = names.map { #"{"name":"\#($0)","parameters":{"type":"object","properties":{}}}"# }
        let run = try StageRun(
            DataSplit(test: 0, valid: 0, candidates: 2),
            texts: [
                "data/functions.json": "[\(functions.joined(separator: ","))]",
                "data/rows.jsonl": Self.question("a").json.canonicalText,
            ])
        let row = try Row(json: #require(try run.lines("train.jsonl").first))
        #expect(row.functions.sorted() == names.sorted())
    }

    /// What unlabelled training rows call nobody knows, so that they may show what test rows call.
    @Test func retrievalHidesNoFunctionFromUnlabelledRows() throws {
        var kind = DataRetrieve()
        kind.topK = 1
        func functions(of row: Row) throws -> [String] {
            let run = try StageRun(
                kind,
                texts: [
                    "data/functions.json": Self.functions, "data/train.jsonl": row.json.canonicalText,
                    "data/test.jsonl": JudgingStagesTests.rows[1].json.canonicalText,
                ])
            return try Row(json: run.lines("train.jsonl")[0]).functions
        }
        #expect(try functions(of: Self.question("a")) == ["play"])
        #expect(try functions(of: Row(id: "a", query: "play a", answers: [])) == [])
    }

    // MARK: Judging

    @Test func rulesRejectWhatTheyCannotCompare() throws {
        let (judge, texts) = JudgingStagesTests.judge(keep: 1, [JudgingStagesTests.rollout("a", JudgingStagesTests.call("x"))])
        let unlabelled = texts.merging(["data/train.jsonl": Self.question("a").json.canonicalText]) { $1 }
        let failure = StageRun.failure(judge, texts: unlabelled)
        #expect(failure.contains("says not what is right"), "\(failure)")
    }

    @Test func aJudgingModelIsAskedWithoutAReference() throws {
        let task = CallTask(functions: [:])
        let (row, answer) = (Self.question("a"), "[]")
        func asked(_ prompt: String) throws(RowError) -> String {
            try JudgingQuestion(ModelQuestion(prompt: prompt), of: .calls).text(about: answer, to: row, task)
        }
        let standard = try asked("")
        #expect(standard.contains("play a") && !standard.contains("known to be right"))
        let own = try asked("Is {answer} right for {query}?")
        #expect(own == "Is [] right for play a?")
        #expect(throws: RowError.self) { try asked("{reference}?") }
    }

    @Test func theJudgesWordIsNotComparedWithRulesThatKnowNothing() throws {
        struct Yes: JudgingModel {
            func replies(to questions: [String], _ options: ReplyOptions) -> [[JudgingReply]] {
                questions.map { _ in [JudgingReply(text: "yes", isWhole: true)] }
            }
        }
        let responses = [Self.question("a"), JudgingStagesTests.rows[0]].map {
            JudgedResponse(row: $0, response: JudgingStagesTests.call("x"), format: .call)
        }
        let task = CallTask(functions: [:])
        let judge = ModelJudge(model: Yes(), question: ModelQuestion(), task: task)
        let verdicts = try JudgeVerdicts(responses, by: [judge], task)
        #expect(verdicts.verdicts.allSatisfy { $0.isAccepted })
        #expect(verdicts.agreement(over: 0..<2)?["compared"] == 1)
        #expect(verdicts.agreement(over: 0..<1) == nil)
        #expect(verdicts.transcript?.first?["ast"] == .null)
    }

    @Test func scoresTellRightFromIdentical() throws {
        var scores = CallTask(functions: [:]).newScores()
        let labelled = JudgingStagesTests.rows[0]
        scores.add(ScoredAnswer(row: Self.question("a"), answer: "[]", isAccepted: true, isExact: false, responseTokens: 2))
        scores.add(ScoredAnswer(row: Self.question("b"), answer: "[]", isAccepted: false, isExact: false, responseTokens: 2))
        #expect(scores.json["ar"] == 0.5 && scores.json["exact"] == .null && scores.json["unlabelled_rows"] == 2)
        #expect(scores.confusion["functions"] == [:])
        scores.add(
            ScoredAnswer(
                row: labelled, answer: JudgingStagesTests.call("x"), isAccepted: true, isExact: true, responseTokens: 2))
        #expect(scores.json["exact"] == 1 && scores.json["call_rows"] == 1 && scores.json["rows"] == 3)
    }

    // MARK: References

    @Test func acceptedAnswersBecomeReferences() throws {
        let rows = ["a", "b"].map(Self.question) + [JudgingStagesTests.rows[0]]
        let accepted = [("a", "sorry"), ("a", JudgingStagesTests.call("a")), ("v", JudgingStagesTests.call("v"))]
        let lines = accepted.map { JSON.object(["id": .string($0.0), "response": .string($0.1)]).canonicalText }
        let run = try StageRun(
            DataReferences(),
            texts: [
                "data/functions.json": Self.functions,
                "data/train.jsonl": rows.map(\.json.canonicalText).joined(separator: "\n"),
                "data/valid.jsonl": Self.question("v").json.canonicalText,
                "judged/accepted.jsonl": lines.prefix(2).joined(separator: "\n"), "judged.0/accepted.jsonl": lines[2],
            ])
        let train = try run.lines("train.jsonl").map { try Row(json: $0) }
        #expect(train.map(\.isUnlabelled) == [false, true, false])
        #expect(train[0].answers == [FunctionCall(name: "play", arguments: ["song": "a"])])
        #expect(train[2] == rows[2])
        #expect(try Row(json: run.lines("valid.jsonl")[0]).answers.count == 1)
        #expect(
            try run.json("references.json")["sets"] == [
                "train": ["labelled": 1, "judged": 1, "unlabelled": 1], "valid": ["labelled": 0, "judged": 1, "unlabelled": 0],
            ])
    }

    /// A label, a place among options, a number: each task takes its own from an answer.
    @Test func everyTaskReadsAReferenceFromAnAnswer() throws {
        let row = Self.question("a")
        #expect(try ClassifyTask(labels: ["b", "a"]).labelled(row, by: " b ").reply == "b")
        #expect(throws: RowError.self) { try ClassifyTask(labels: ["b", "a"]).labelled(row, by: "c") }
        #expect(try TextTask().labelled(row, by: "a text").reply == "a text")
        let choice = Row(id: "c", query: "2 + 2", options: try RowOptions(["3", "4"], right: 0)).unlabelled
        #expect(try ChoiceTask().labelled(choice, by: "4").options?.right == 1)
        let ranked = Row(id: "r", query: "sums", ranked: try RankedText("2 + 2", relevance: 0, group: "g")).unlabelled
        #expect(try RankTask().labelled(ranked, by: "yes").ranked?.isRelevant == true)
        let calls = try CallTask(functions: [:]).labelled(row, by: "[]")
        #expect(calls.answers.isEmpty && !calls.isUnlabelled)
    }

    @Test func aRowKeepsThatItIsUnlabelled() throws {
        let choice = Row(id: "c", query: "2 + 2", options: try RowOptions(["3", "4"], right: 1)).unlabelled
        for row in [Self.question("a"), choice] {
            let read = try Row(json: JSON(parsing: row.json.canonicalText))
            #expect(read == row && read.isUnlabelled)
        }
    }
}

/// Instructions and examples of a recipe, and what a server answers.
@Suite struct PrototypeStagesTests {
    @Test func instructionsAndExamplesStandOnceForAllRows() throws {
        var kind = DataInstruct()
        kind.instructions = "Be brief."
        kind.examples = [
            PromptExample(query: "stop", response: "[]"),
            PromptExample(query: "play y", response: #"[{"arguments":{"song":"y"},"name":"play"}]"#),
        ]
        let rows = JudgingStagesTests.rows.map(\.json.canonicalText).joined(separator: "\n") + "\n"
        let run = try StageRun(
            kind, texts: ["data/functions.json": JudgingStagesTests.functions, "data/train.jsonl": rows])
        #expect(try run.text("train.jsonl") == rows)
        let description = try TaskDescription(json: run.json("task.json"))
        #expect(description.instructions == "Be brief.")
        #expect(description.examples.map(\.response) == ["[]", JudgingStagesTests.call("y")])
        let shown = try description.task(functions: [:]).shown(JudgingStagesTests.rows[0], in: .query)
        #expect(shown.chat.map(\.role) == [.system, .user, .assistant, .user, .assistant, .user])

        var texts = ["data/functions.json": JudgingStagesTests.functions, "data/train.jsonl": rows]
        texts["data/task.json"] = try run.text("task.json")
        let compressed = try StageRun(DataCompressPrompt(), texts: texts)
        #expect(!compressed.files.contains("task.json"))
        let sizes = try compressed.json("compression.json")["train"]
        #expect(sizes?["instructions"]?["before"]?["characters"] == 27 && sizes?["instructions"]?["after"]?["characters"] == 0)
    }

    @Test(
        arguments: [
            (["content": "<think>easy</think>[]"], "easy"), (["content": "[]", "reasoning_content": " easy "], "easy"),
            (["content": "[]", "reasoning": "easy"], "easy"), (["content": "so far</think>\n[]"], "so far"),
            (["content": "[]"], nil),
        ] as [([String: JSON], String?)])
    func whatAModelReasonsIsKept(message: [String: JSON], reasoning: String?) {
        let answer = ChatAnswer(["choices": [["message": .object(message), "finish_reason": "stop"]]])
        #expect(answer.reasoning == reasoning && answer.response == "[]")
        #expect(answer.response(in: .call) == "[]")
        let whole = reasoning.map { "<think>\($0)</think><answer>[]</answer>" } ?? "[]"
        #expect(answer.response(in: .reasoning) == whole)
    }

    /// Greedy questions about the rows of the sets, answered from a file as a build does.
    @Test func aModelBehindAServerIsEvaluated() throws {
        var kind = EndpointGenerate()
        kind.endpoint.model = "large"
        kind.sets = ["test", "later"]
        let folder = FileManager.default.temporaryDirectory.appending(path: "endpoint-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = QuestionFiles(questions: folder.appending(path: "questions"), answers: folder.appending(path: "answers"))
        let rows = JudgingStagesTests.rows
        let inputs = [
            "data/functions.json": JudgingStagesTests.functions, "data/test.jsonl": rows[0].json.canonicalText,
            "data/later.jsonl": rows[1].unlabelled.json.canonicalText,
        ].mapValues { Data($0.utf8) }
        #expect(throws: StageQuestions(count: 2)) { try StageRun(kind, inputs: inputs, questionFiles: files) }
        let asked = try Data(contentsOf: files.questions).split(separator: UInt8(ascii: "\n"))
        let answers = try asked.map { line -> String in
            let question = try #require(ChatQuestion(body: line))
            let answer: JSON = [
                "choices": [["message": ["content": "<think>easy</think>[]"]]],
                "usage": ["prompt_tokens": 100, "completion_tokens": 20],
            ]
            return ChatExchange(question, answer: answer).json.canonicalText
        }
        try Data(answers.joined(separator: "\n").utf8).write(to: files.answers)
        let run = try StageRun(kind, inputs: inputs, questionFiles: files)
        #expect(run.files == ["exchanges.jsonl", "later.jsonl", "test.jsonl"])
        #expect(
            try run.lines("test.jsonl") == [
                [
                    "id": "row-x", "response": "[]", "ended": true, "reasoning": "easy", "prompt_tokens": 100,
                    "response_tokens": 20,
                ]
            ])
        var cost = EndpointCost()
        (cost.promptPrice, cost.answerPrice) = (1, 2)
        let priced = try StageRun(cost, inputs: run.folder(as: "answers"))
        let price = try priced.json("price.json")
        #expect(price["answers"] == 2 && price["prompt_tokens"] == 100 && price["response_tokens"] == 20)
        #expect(abs(try #require(price["price"]?.double) - 140e-6) < 1e-12)
        #expect(try priced.json("cost.json")["sets"]?["later"]?["answers"] == 1)
        #expect(try StageRun(EndpointCost(), inputs: run.folder(as: "answers")).json("price.json")["price"] == .null)
    }
}
