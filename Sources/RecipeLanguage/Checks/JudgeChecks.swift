import Declarations
import Diagnostics
import Kinds
import Words

/// Whether the fields of `judge` fit its judges.
struct JudgeChecks {
    let judge: Judge
    let fields: Fields

    private var kinds: [JudgeKind] { judge.judges.value }

    func run() {
        checkChain()
        if kinds.contains(.model) {
            checkModel()
            if let question = judge.question { checkQuestion(question) }
        } else {
            refuse(Self.fieldsOfModels, of: .model, because: "asks no model")
        }
        if !kinds.contains(.exec) { refuse(["command", "script", "time_limit"], of: .exec, because: "runs no program") }
    }

    private static let fieldsOfModels = [
        "from", "endpoint", "prompt", "reference", "verdict", "max_tokens", "votes", "temperature", "seed", "rubric",
    ]

    private func checkChain() {
        guard judge.checks.contains(judge.kind) else { return }
        let (kind, checks) = (judge.$kind, judge.$checks)
        fields.report(.repeated(kind.value.rawValue, in: fields.path, at: kind.span, first: checks.span))
    }

    private func checkModel() {
        guard fields.node("from") == nil, fields.node("endpoint") == nil else { return }
        fields.report(
            .judgeNeedsModel, "a judge of kind 'model' needs a model to ask", at: judge.$kind.span,
            help: "add 'endpoint: {url: …, model: …}', or 'from: SOURCE'")
    }

    private func checkQuestion(_ question: ModelQuestion) {
        if question.reference == .none, question.prompt.contains("{reference}") {
            fields.report(
                .conflict, "the question has a place for the row's answer, which the judge is not to know",
                at: question.$prompt.span, secondary: [.init(question.$reference.span)],
                help: "leave '{reference}' out, or write 'reference: rows'")
        }
        if let rubric = question.rubric, rubric.threshold > rubric.grades {
            fields.report(
                .outOfRange(
                    "judge.rubric.threshold", allowed: "at most 'grades'", nearest: "\(rubric.grades)",
                    at: rubric.$threshold.span))
        }
        guard question.votes == 1 else { return }
        for name in ["temperature", "seed"] {
            guard let entry = fields.entry(name), fields.node(name) != nil else { continue }
            fields.report(
                .conflict, "a judge without votes replies greedily, and '\(name)' is of votes", at: entry.key.span,
                help: "write 'votes: 3', or leave '\(name)' out")
        }
    }

    /// Fields that belong to judges of another kind.
    private func refuse(_ names: [String], of kind: JudgeKind, because words: String) {
        let own = judge.$kind
        for name in names {
            guard let entry = fields.entry(name) else { continue }
            fields.report(
                .conflict, "a judge of kind '\(own.value.rawValue)' \(words)", at: entry.key.span,
                secondary: own.isWritten ? [.init(own.span)] : [],
                help: "leave '\(name)' out, or write 'kind: \(kind.rawValue)'")
        }
    }
}
