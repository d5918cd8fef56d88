import Engine
import Kinds
import Words

/// What a judging model is asked: paragraphs with places for what they are about.
struct JudgingQuestion {
    private struct Form {
        var paragraphs: [String]
        /// Whether a paragraph goes whose place has nothing to show.
        var leavesOutEmpty: Bool
    }

    private let form: Form
    /// Of rows that say not what is right; `nil` where the recipe's own words show that.
    private let formWithoutReference: Form?

    /// The recipe's question about a response, or the standard one.
    ///
    /// - Parameter task: decides the standard question.
    init(_ question: ModelQuestion, of task: TaskKind) {
        guard question.prompt.isEmpty else {
            form = Form(paragraphs: [question.prompt], leavesOutEmpty: false)
            formWithoutReference = question.prompt.contains("{reference}") ? nil : form
            return
        }
        let answer = ["The assistant's answer:\n{answer}"]
        form = Self.standard(question, task, about: answer)
        formWithoutReference = Self.standard(question.withoutReference, task, about: answer)
    }

    /// The question which of two responses, `{first}` and `{second}`, is better.
    init(ofPairs question: ModelQuestion, of task: TaskKind) {
        let answers = ["Answer A:\n{first}", "Answer B:\n{second}"]
        form = Self.standard(question, task, about: answers, choosing: true)
        formWithoutReference = Self.standard(question.withoutReference, task, about: answers, choosing: true)
    }

    private static func standard(
        _ question: ModelQuestion, _ task: TaskKind, about answers: [String], choosing: Bool = false
    ) -> Form {
        Form(
            paragraphs: StandardQuestion(question, of: task).paragraphs(about: answers, choosing: choosing),
            leavesOutEmpty: question.reference == .none)
    }

    /// The question about a response.
    func text(about response: String, to row: Row, _ task: any AnswerTask) throws(RowError) -> String {
        try text(QuestionPlaces(row: row, task: task, responses: ["answer": response]))
    }

    /// The question about a pair of responses.
    func text(
        about first: String, and second: String, to row: Row, _ task: any AnswerTask
    ) throws(RowError) -> String {
        try text(QuestionPlaces(row: row, task: task, responses: ["first": first, "second": second]))
    }

    /// - Throws: where the recipe's own words show what is right, and the row does not say it.
    private func text(_ places: QuestionPlaces) throws(RowError) -> String {
        guard let form = places.row.isUnlabelled ? formWithoutReference : form else {
            throw RowError(
                "the row '\(places.row.id)' says not what is right, which 'judge.prompt' shows as {reference}; leave that out")
        }
        var shown: [String] = []
        for paragraph in form.paragraphs {
            let (text, isEmpty) = try Self.filled(paragraph, places)
            if !(isEmpty && form.leavesOutEmpty) { shown.append(text) }
        }
        return shown.joined(separator: "\n\n")
    }

    /// The paragraph with its places filled, and whether one that may be empty is. What is put into a place is never searched
    /// for places.
    private static func filled(
        _ paragraph: String, _ places: QuestionPlaces
    ) throws(RowError) -> (text: String, isEmpty: Bool) {
        var (text, isEmpty) = ("", false)
        var rest = paragraph[...]
        while let start = rest.firstIndex(of: "{") {
            text += rest[..<start]
            rest = rest[start...]
            if let end = rest.firstIndex(of: "}"),
                let value = try places.value(of: String(rest[rest.index(after: start)..<end]))
            {
                text += value
                isEmpty = isEmpty || value.isEmpty && !places.isResponse(rest[rest.index(after: start)..<end])
                rest = rest[rest.index(after: end)...]
            } else {
                text += "{"
                rest = rest.dropFirst()
            }
        }
        return (text + rest, isEmpty)
    }
}

extension ModelQuestion {
    /// The same without the row's answer.
    fileprivate var withoutReference: ModelQuestion {
        var question = self
        question.reference = .none
        return question
    }
}

/// What the places of a question show.
private struct QuestionPlaces {
    let row: Row
    let task: any AnswerTask
    /// By place.
    let responses: [String: String]

    func isResponse(_ name: Substring) -> Bool { responses[String(name)] != nil }

    /// `nil` for what is no place.
    func value(of name: String) throws(RowError) -> String? {
        let background = row.background
        switch name {
        case "query":
            return (background.context.map(\.text) + [row.query] + background.steps.map(\.text)).joined(separator: "\n")
        case "functions": return try task.choices(for: row)
        case "reference": return task.response(to: row)
        case "instructions": return task.shown(row, in: .query).background.instructions
        case "context": return background.context.map(Self.said).joined(separator: "\n")
        case "knowledge": return background.knowledge.map { "- \($0)" }.joined(separator: "\n")
        case "question": return row.query
        case "steps": return background.steps.map(Self.said).joined(separator: "\n")
        case "definitions": return try definitions()
        default: return responses[name]
        }
    }

    private static func said(_ message: ChatMessage) -> String { "\(message.role.rawValue): \(message.text)" }

    /// The functions that the row may call, each with its description and its arguments; for other tasks, what may be answered.
    private func definitions() throws(RowError) -> String {
        guard task.kind == .calls else { return try task.choices(for: row) }
        let listsAll = row.functions.isEmpty && row.definitions == nil
        let listed =
            listsAll
            ? task.functions.values.sorted { $0.name < $1.name } : try PromptStyle.definitions(of: row, task.functions)
        return listed.map(\.described).joined(separator: "\n")
    }
}

/// The question where a recipe has none of its own.
private struct StandardQuestion {
    let question: ModelQuestion
    let task: TaskKind

    init(_ question: ModelQuestion, of task: TaskKind) { (self.question, self.task) = (question, task) }

    private var isOfCalls: Bool { task == .calls }

    /// - Parameters:
    ///   - answers: the paragraphs that show what is judged.
    ///   - choosing: whether one of two answers is to be chosen.
    func paragraphs(about answers: [String], choosing: Bool = false) -> [String] {
        let situation = question.reference == .rows ? withReference : withoutReference
        let criteria = question.rubric?.criteria ?? []
        let list = criteria.isEmpty ? [] : ["What counts:\n" + criteria.map { "- \($0)" }.joined(separator: "\n")]
        return situation + answers + list + [choosing ? choice : request]
    }

    private var withReference: [String] {
        isOfCalls
            ? [
                "Someone asked an assistant that answers with function calls:\n{query}",
                "The functions, one a line:\n{functions}",
                "Calls that are known to be right ([] where no call is wanted):\n{reference}",
            ] : ["Someone asked an assistant:\n{query}", "An answer that is known to be right:\n{reference}"]
    }

    private var withoutReference: [String] {
        [
            isOfCalls ? "You judge an assistant that answers with function calls." : "You judge an assistant.",
            "Its instructions:\n{instructions}", "What it was told:\n{knowledge}", "What was said before:\n{context}",
            "The question:\n{question}", "What has been done for it so far:\n{steps}",
            (isOfCalls ? "The functions that it may call:" : "It answers with one of these:") + "\n{definitions}",
        ]
    }

    private var request: String {
        let asked =
            switch (question.reference, isOfCalls) {
            case (.rows, true): "Does the answer make the same calls, with arguments that mean the same?"
            case (.rows, false): "Does the answer say the same?"
            case (.none, true):
                "Does the answer do what is asked for? It calls functions of the list alone, gives every required argument, and takes "
                    + "its values from what stands above; [] calls none, which is right where none fits. Several answers may be right."
            case (.none, false): "Is the answer right? Several answers may be."
            }
        guard let rubric = question.rubric else {
            return asked + " " + ending("yes or no", "one word, yes or no", as: #""verdict": "yes""#)
        }
        return asked + " Grade that from 1, not at all, to \(rubric.grades), in every respect. "
            + ending("the grade", "the grade alone", as: #""grade": \#(rubric.grades)"#)
    }

    private var choice: String {
        "Which answer is better? " + ending("A, B or tie", "one word, A, B or tie", as: #""verdict": "A""#)
    }

    /// - Parameters:
    ///   - what: the words that are verdicts.
    ///   - whole: a reply that is nothing but a verdict.
    ///   - member: of a JSON object with a verdict.
    private func ending(_ what: String, _ whole: String, as member: String) -> String {
        switch question.verdict {
        case .word: "Reply with \(whole)."
        case .lastLine, .pattern: "Think first. Then write \(what) alone on the last line."
        case .json: #"Reply with a JSON object such as {"reason": "…", \#(member)}, where it says \#(what)."#
        }
    }
}
