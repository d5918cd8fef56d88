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

/// What a judge says of a response.
struct Opinion {
    var verdict: Verdict
    /// Whether the judge came to a verdict at all.
    var isUnderstood = true
    /// What is kept of it besides; `nil` where rules decide.
    var record: [String: JSON]?
}

/// One who judges responses.
protocol ResponseJudge {
    /// Whether it says more than rules do: what it says is kept, and compared with the rules of `ast`.
    var isOpinion: Bool { get }
    /// One for each response. Equal responses to a row have one opinion.
    func opinions(on responses: [JudgedResponse]) throws -> [Opinion]
}

/// The verdicts of a recipe's judges on responses: one is asked after the other, about what those before accepted. Where a
/// model or a program is among them, the verdicts are compared with the rules of `ast`.
struct JudgeVerdicts {
    /// Where a stage keeps what a judging model was asked and replied, and what a program said.
    static let transcriptFile = File<[JSON]>("verdicts.jsonl")

    /// One for each response.
    private(set) var verdicts: [Verdict]
    /// For each response whether its judge came to a verdict.
    private(set) var isUnderstood: [Bool]
    /// What was asked and said, once for each distinct response; `nil` where rules alone decide.
    private(set) var transcript: [JSON]?
    /// For each response whether the rules of `ast` accept it, `nil` of an unlabelled row; empty where rules alone decide.
    private var isRight: [Bool?] = []

    init(_ responses: [JudgedResponse], by judges: [any ResponseJudge], _ task: any AnswerTask) throws {
        let hasOpinions = judges.contains(where: \.isOpinion)
        verdicts = responses.map { _ in .accepted }
        isUnderstood = responses.map { _ in true }
        if hasOpinions { isRight = responses.map { $0.row.isUnlabelled ? nil : $0.verdict(by: .ast, task).isAccepted } }
        var transcript: [JSON] = []
        var open = Array(responses.indices)
        for judge in judges {
            var kept: Set<JudgedResponse.Key> = []
            let opinions = try judge.opinions(on: open.map { responses[$0] })
            for (place, opinion) in zip(open, opinions) {
                (verdicts[place], isUnderstood[place]) = (opinion.verdict, opinion.isUnderstood)
                let response = responses[place]
                guard hasOpinions, let record = opinion.record, kept.insert(response.key).inserted else { continue }
                let members: [String: JSON] = [
                    "id": .string(response.row.id), "response": .string(response.response),
                    "ast": isRight[place].map(JSON.bool) ?? .null,
                ]
                transcript.append(.object(record.merging(members) { own, _ in own }))
            }
            open.removeAll { !verdicts[$0].isAccepted }
        }
        if hasOpinions { self.transcript = transcript }
    }

    /// How often the verdicts are those of the rules of `ast`, over some of the responses; `nil` where rules alone decide, and
    /// where no row says what is right.
    func agreement(over responses: Range<Int>) -> JSON? {
        guard transcript != nil else { return nil }
        var counts = AgreementCounts()
        for place in responses {
            if let isRight = isRight[place] { counts.add(verdicts[place].isAccepted, isRight) }
        }
        if counts.compared == 0, !responses.isEmpty { return nil }
        return [
            "compared": .count(counts.compared), "agreeing": .count(counts.agreeing),
            "share": counts.share.map(JSON.number) ?? .null,
            "accepted_by_model_alone": .count(counts.firstAlone), "accepted_by_ast_alone": .count(counts.secondAlone),
            "not_understood": .count(responses.count { !isUnderstood[$0] }),
        ]
    }
}

extension StageContext {
    /// Judges responses as a recipe says.
    func judging(
        _ responses: [JudgedResponse], by kind: some JudgedKind, _ task: any AnswerTask
    ) throws -> JudgeVerdicts {
        try JudgeVerdicts(responses, by: kind.judges.value.map { try judge($0, of: kind, task) }, task)
    }

    private func judge(_ word: JudgeKind, of kind: some JudgedKind, _ task: any AnswerTask) throws -> any ResponseJudge {
        switch word {
        case .ast: return RuleJudge(rules: .ast, task: task)
        case .exact: return RuleJudge(rules: .exact, task: task)
        case .format: return FormatJudge(task: task)
        case .model:
            let question = kind.question ?? .standard
            return ModelJudge(model: try judgingModel(for: question), question: question, task: task)
        case .exec: return ProgramJudge(context: self, program: kind.program ?? .standard, task: task)
        }
    }
}
