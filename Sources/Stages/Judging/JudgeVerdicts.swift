import CanonicalJSON
import Engine
import Kinds
import Words

/// A response that is judged.
struct JudgedResponse {
    struct Key: Hashable {
        var row: String
        var response: String
    }

    var row: Row
    var response: String
    var format: AnswerStyle
    /// Why what the model said cannot be read in its own form; `nil` where it can.
    var fault: String?

    var key: Key { Key(row: row.id, response: response) }

    /// Its part that answers; `nil` where it is not in the style of answers.
    var answer: String? { try? format.answer(in: response).get() }

    func verdict(by rules: AnswerJudge, _ task: any AnswerTask) -> Verdict {
        let verdict = task.verdict(on: response, in: format, for: row, by: rules)
        guard let fault, !verdict.isAccepted else { return verdict }
        return .rejected(fault)
    }
}

/// A judge's verdicts on responses. The judge is rules, or a model whose word is compared with theirs.
struct JudgeVerdicts {
    /// Where a stage keeps what a judging model was asked and replied.
    static let transcriptFile = File<[JSON]>("verdicts.jsonl")

    /// One for each response.
    private(set) var verdicts: [Verdict] = []
    /// What a judging model was asked and replied, once for each distinct response; `nil` where rules decide.
    private(set) var transcript: [JSON]?
    /// For each response a judging model's word and what the rules say, `nil` of an unlabelled row; empty where rules decide.
    private var words: [(word: ModelVerdict?, isRight: Bool?)] = []

    /// Judges by rules.
    init(_ responses: [JudgedResponse], by rules: AnswerJudge, _ task: any AnswerTask) {
        verdicts = responses.map { $0.verdict(by: rules, task) }
    }

    /// Asks a model. A reply that is no verdict rejects.
    init(
        _ responses: [JudgedResponse], asking model: some JudgingModel, _ question: JudgingQuestion,
        _ task: any AnswerTask
    ) throws {
        var places: [JudgedResponse.Key: Int] = [:]
        var questions: [String] = []
        for response in responses where places[response.key] == nil {
            places[response.key] = questions.count
            questions.append(try question.text(about: response.response, to: response.row, task))
        }
        let replies = try model.replies(to: questions)
        var transcript = [JSON](repeating: .null, count: questions.count)
        for response in responses {
            guard let place = places[response.key] else { continue }
            let reply = replies[place]
            let word = ModelVerdict(reply: reply)
            let isRight = response.row.isUnlabelled ? nil : response.verdict(by: .ast, task).isAccepted
            words.append((word, isRight))
            verdicts.append(Self.verdict(word))
            transcript[place] = [
                "id": .string(response.row.id), "response": .string(response.response), "question": .string(questions[place]),
                "reply": .string(reply.text), "verdict": word.map { .string($0.rawValue) } ?? .null,
                "ast": isRight.map(JSON.bool) ?? .null,
            ]
        }
        self.transcript = transcript
    }

    private static func verdict(_ word: ModelVerdict?) -> Verdict {
        switch word {
        case .yes: .accepted
        case .no: .rejected("the judging model says no")
        case nil: .rejected("verdict not understood")
        }
    }

    /// How often the model's verdicts are those of the rules of `ast`, over some of the responses; `nil` where rules decide, and
    /// where no row says what is right.
    func agreement(over responses: Range<Int>) -> JSON? {
        guard transcript != nil else { return nil }
        let words = words[responses].compactMap { word, isRight in isRight.map { (word: word, isRight: $0) } }
        if words.isEmpty, !responses.isEmpty { return nil }
        let agreeing = words.count { ($0.word == .yes) == $0.isRight }
        return [
            "compared": .count(words.count), "agreeing": .count(agreeing),
            "share": words.isEmpty ? .null : .number(Double(agreeing) / Double(words.count)),
            "accepted_by_model_alone": .count(words.count { $0.word == .yes && !$0.isRight }),
            "accepted_by_ast_alone": .count(words.count { $0.word != .yes && $0.isRight }),
            "not_understood": .count(words.count { $0.word == nil }),
        ]
    }
}

extension StageContext {
    /// Judges responses as a recipe says.
    func judging(
        _ responses: [JudgedResponse], kind: JudgeKind, question: ModelQuestion?, _ task: any AnswerTask
    ) throws -> JudgeVerdicts {
        switch kind {
        case .ast: return JudgeVerdicts(responses, by: .ast, task)
        case .exact: return JudgeVerdicts(responses, by: .exact, task)
        case .model:
            let question = question ?? .standard
            return try JudgeVerdicts(
                responses, asking: judgingModel(for: question), JudgingQuestion(question.prompt, of: task.kind), task)
        }
    }
}
