import CanonicalJSON
import Testing
import Words

@testable import Engine

@Suite struct AnswerTaskTests {
    static func row(_ query: String, _ reply: String) -> Row {
        var row = Row(id: query, query: query, answers: [])
        row.reply = reply
        return row
    }

    static let schema: JSON = [
        "type": "object", "x-property-order": ["time", "people", "guests"],
        "properties": [
            "people": ["type": "integer"], "time": ["type": "string", "description": "as it is said"],
            "guests": ["type": "array", "items": ["type": "string"]],
        ],
    ]

    static let labels = ClassifyTask(labels: ["lost_card", "top_up"])
    static let text = TextTask()
    static let number = TextTask(reading: .number)
    static var fields: ExtractTask { get throws { ExtractTask(schema: try ObjectSchema(json: schema)) } }

    // MARK: What is right

    @Test(arguments: [
        ("lost_card", true, true), (" lost_card\n", true, false), ("Lost_card", false, false), ("top_up", false, false),
        ("", false, false),
    ])
    func aLabelIsRightWhereItIsEqual(answer: String, ast: Bool, exact: Bool) {
        let row = Self.row("my card is gone", "lost_card")
        #expect(Self.labels.verdict(on: answer, for: row, by: .ast).isAccepted == ast)
        #expect(Self.labels.verdict(on: answer, for: row, by: .exact).isAccepted == exact)
    }

    @Test(arguments: [
        (#"{"time":"7 pm","people":2}"#, true, true), (#"{"people": 2.0, "time": "7 pm"}"#, true, false),
        (#"{"time":"7pm","people":2}"#, false, false), (#"{"time":"7 pm"}"#, false, false), ("7 pm", false, false),
        (#"[{"time":"7 pm","people":2}]"#, false, false), (#"{"time":"7 pm","people":2,"guests":[]}"#, false, false),
    ])
    func anObjectIsRightWhereItsValuesAreEqual(answer: String, ast: Bool, exact: Bool) throws {
        let row = Self.row("for two at 7 pm", #"{"time":"7 pm","people":2}"#)
        #expect(try Self.fields.verdict(on: answer, for: row, by: .ast).isAccepted == ast)
        #expect(try Self.fields.verdict(on: answer, for: row, by: .exact).isAccepted == exact)
    }

    @Test(arguments: [
        ("The capital is Rome.", true), ("capital is rome", true), ("It is Rome", false), ("", false),
    ])
    func aTextIsRightWhereItsWordsAre(answer: String, isRight: Bool) {
        #expect(Self.text.verdict(on: answer, for: Self.row("q", "The capital is Rome"), by: .ast).isAccepted == isRight)
    }

    @Test(arguments: [
        ("9 * 2 = 18\n#### 18", true), ("She makes $18.", true), ("18", true), ("18 dollars, not 17", false),
        ("#### 1,018", false), ("none", false),
    ])
    func aNumberIsRightWhereItIsTheLast(answer: String, isRight: Bool) {
        let row = Self.row("q", "16 - 7 = 9\n9 * 2 = 18\n#### 18")
        #expect(Self.number.verdict(on: answer, for: row, by: .ast).isAccepted == isRight)
    }

    /// What is taught is what judges and rewards take for right.
    @Test func whatIsTaughtIsRight() throws {
        let taught: [(any AnswerTask, Row)] = [
            (Self.labels, Self.row("q", "top_up")), (try Self.fields, Self.row("q", #"{"time":"7 pm"}"#)),
            (Self.text, Self.row("q", "It is so.")), (Self.number, Self.row("q", "1 + 1 = 2\n#### 2")),
        ]
        for (task, row) in taught {
            let response = try task.response(to: row, in: .call)
            for judge in [AnswerJudge.ast, .exact] {
                #expect(task.verdict(on: response, in: .call, for: row, by: judge) == .accepted)
            }
            #expect(task.fault(inRight: response, to: row) == nil)
            let reward = task.reward(for: response, to: row, in: .call, by: RewardRule())
            #expect(reward.value == 2 && reward.isWellFormed && reward.isRight)
        }
    }

    /// Only worked numbers bring their reasoning.
    @Test func aWorkedNumberHasItsReasoning() throws {
        let row = Self.row("q", "1 + 1 = 2\n#### 2")
        let response = try Self.number.response(to: row, in: .reasoning)
        #expect(response == "<think>1 + 1 = 2</think><answer>2</answer>")
        #expect(Self.number.verdict(on: response, in: .reasoning, for: row, by: .ast) == .accepted)
        #expect(throws: RowError.self) { try Self.labels.response(to: row, in: .reasoning) }
    }

    // MARK: Rewards

    @Test(arguments: [
        (#"{"time":"7 pm","people":2}"#, 2.0), (#"{"time":"7 pm"}"#, 1 + 2.0 / 3), (#"{"people":3}"#, 1),
        (#"{"name":"Ann"}"#, -1),
        (#"{"people":"two"}"#, -1), ("two", -1),
    ])
    func anObjectIsWorthItsFields(answer: String, value: Double) throws {
        let row = Self.row("q", #"{"time":"7 pm","people":2}"#)
        let reward = try Self.fields.reward(for: answer, to: row, in: .call, by: RewardRule())
        #expect(abs(reward.value - value) < 1e-12 && reward.isWellFormed == (value > 0) && reward.isRight == (value == 2))
    }

    @Test func otherAnswersHaveTheirWorth() {
        let row = Self.row("q", "top_up")
        let rule = RewardRule(names: 1, arguments: 2)
        #expect(Self.labels.reward(for: "top_up", to: row, in: .call, by: rule).value == 4)
        #expect(Self.labels.reward(for: "lost_card", to: row, in: .call, by: rule).value == 1)
        #expect(Self.labels.reward(for: "none", to: row, in: .call, by: rule).value == -1)
        #expect(Self.number.reward(for: "who knows", to: Self.row("q", "#### 2"), in: .call, by: rule).value == -1)
        let half = Self.text.reward(for: "red car", to: Self.row("q", "red bus"), in: .call, by: rule)
        #expect(half.value == 1 + 3 * 0.5 && !half.isRight)
    }

    // MARK: Prompts

    @Test func promptsHaveInstructionsAndWhatMayBeAnswered() throws {
        let task = ClassifyTask(labels: ["b", "a"], Guidance("Name the topic."))
        let row = Self.row("where is it", "a")
        #expect(task.shown(row, in: .query).background.instructions == "Name the topic.")
        #expect(
            task.shown(row, in: .tools).background.instructions
                == "Name the topic.\n\nAnswer with one of these labels:\nb\na")
        #expect(try task.texts(of: row, in: .query) == ["Name the topic.\n\nwhere is it", "a"])
        #expect(try Self.fields.choices(for: row) == "time: string (as it is said)\npeople: integer\nguests: array")
        // The markup of functions is that of calls alone.
        #expect(task.markup(of: .tools) == .query && CallTask(functions: [:]).markup(of: .tools) == .tools)
    }

    // MARK: Files

    @Test func aDescriptionComesBackFromItsFile() throws {
        let descriptions = [
            TaskDescription(.calls, instructions: "Be brief."), TaskDescription(.classify, labels: ["b", "a"]),
            TaskDescription(.extract, schema: try ObjectSchema(json: Self.schema)), TaskDescription(.text, reading: .number),
        ]
        for description in descriptions { #expect(try TaskDescription(json: description.json) == description) }
        #expect(throws: RowError.self) { try TaskDescription(json: ["kind": "sing"]) }
        #expect(throws: RowError.self) { try TaskDescription(json: ["kind": "text", "answer": "song"]) }
        #expect(throws: RowError.self) { try TaskDescription(.extract).task(functions: [:]) }
    }

    // MARK: Scores

    private func scores(_ task: any AnswerTask, _ answers: [(Row, String?)]) -> any TaskScores {
        var scores = task.newScores()
        for (row, answer) in answers {
            let isRight = { (rules: AnswerJudge) in
                answer.map { task.verdict(on: $0, for: row, by: rules).isAccepted } ?? false
            }
            scores.add(
                ScoredAnswer(
                    row: row, answer: answer, isAccepted: isRight(.ast), isExact: isRight(.exact), responseTokens: 3))
        }
        return scores
    }

    @Test func labelsAreCounted() {
        let scores = scores(
            Self.labels,
            [
                (Self.row("1", "top_up"), "top_up"), (Self.row("2", "top_up"), "lost_card"),
                (Self.row("3", "lost_card"), "lost_card"), (Self.row("4", "lost_card"), "song"), (Self.row("5", "top_up"), nil),
            ])
        #expect(scores.json["rows"] == 5 && scores.json["accuracy"] == 0.4 && scores.json["ar"] == 0.4)
        // F1 is 1/2 of each: 2·1/(3 + 1) and 2·1/(2 + 2).
        #expect(scores.json["macro_f1"] == 0.5)
        #expect(scores.confusion["given"]?["top_up"] == ["top_up": 1, "lost_card": 1, "no label": 1])
        #expect(scores.confusion["labels"]?["lost_card"] == ["rows": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5])
    }

    @Test func fieldsAreCounted() throws {
        let scores = scores(
            try Self.fields,
            [
                (Self.row("1", #"{"time":"7","people":2}"#), #"{"time":"7","people":3}"#), (Self.row("2", "{}"), "{}"),
                (Self.row("3", #"{"time":"8"}"#), "eight"),
            ])
        #expect(scores.json["field_precision"] == 0.5 && scores.json["field_recall"]?.double == 1.0 / 3)
        #expect(scores.json["field_f1"] == 0.4 && scores.json["exact"]?.double == 1.0 / 3)
        #expect(scores.confusion["fields"]?["people"] == ["rows": 1, "precision": 0, "recall": 0, "f1": 0])
    }

    @Test func textsAndNumbersAreCounted() {
        let texts = scores(Self.text, [(Self.row("1", "A red bus"), "red bus!"), (Self.row("2", "blue"), "green")])
        #expect(texts.json["normalized"] == 0.5 && texts.json["exact"] == 0 && texts.json["token_f1"] == 0.5)
        let numbers = scores(Self.number, [(Self.row("1", "#### 3"), "#### 3"), (Self.row("2", "#### 4"), "it is 4")])
        #expect(numbers.json["strict_match"] == 0.5 && numbers.json["flexible_extract"] == 1)
        #expect(Self.text.newScores().json["rouge_l"] == .null)
    }
}
