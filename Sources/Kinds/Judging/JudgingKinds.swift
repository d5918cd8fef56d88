import BuildModel
import Declarations
import Words

package enum JudgingKinds {
    static let kinds: [any StageKind.Type] = [Judge.self, JudgeValidate.self, JudgeGate.self, EvalCompare.self]
}

/// A kind whose stages have the judges of a recipe: one is asked after the other, until one rejects.
package protocol JudgedKind: StageKind {
    /// In the order of being asked, with the place of the last one.
    var judges: Spanned<[JudgeKind]> { get }
    /// What a judging model is asked; `nil` where none is.
    var question: ModelQuestion? { get }
    /// The program that judges; `nil` where none does.
    var program: JudgingProgram? { get }
}

extension JudgedKind {
    /// Whether a judge of this kind is among them.
    func asks(_ kind: JudgeKind) -> Spanned<Bool> { judges.map { $0.contains(kind) } }
}

/// A kind whose stages do nothing but judge answers.
package protocol JudgingKind: JudgedKind, AskingKind {}

extension JudgingKind {
    package var askedModel: String? { question?.endpoint?.model }
    package var runsModel: Bool { asks(.model).value && question?.endpoint == nil }
    package var names: [FileName] { (program?.command ?? []).map { FileName($0) } }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.judging(inputs) }
}

/// Sorts rollouts into accepted and rejected ones.
///
/// Revision 4: no reply of a judging model has a token that only pads the embedding.
///
/// Inputs: `data` (of `data.split`), `rollouts` (of `sample` or `endpoint.sample`), of further teachers `rollouts.0` …; `judge`
/// (a model) where a model at hand decides, `script` (files) where a program does, `gate` (of `judge.gate`) where the judge must
/// have passed it.
/// Output: `accepted.jsonl` (row id, response), `rejected.jsonl` and `surplus.jsonl` (row id, response, reason): what is
/// wrong, and what is right but equal to a kept response or more than are kept; `summary.json`. Where a model or a program
/// decides, `verdicts.jsonl` (row id, response, question and reply, verdict and rationale, what `ast` says), and in the summary
/// how often it agrees with `ast`.
package struct Judge: JudgingKind {
    package static let declaration = KindDeclaration(
        "judge", revision: 4,
        inputs: [
            .required("data"), .required("rollouts"), .numbered("rollouts"), .optional("judge"), .optional("script"),
            .optional("gate"),
        ],
        output: "`accepted.jsonl`, `rejected.jsonl`, `surplus.jsonl`, `summary.json`, `verdicts.jsonl`?")

    @Spanned package var kind = JudgeKind.ast
    @Spanned package var checks: [JudgeKind] = []
    /// Accepted responses kept per row, after equal ones are merged.
    @Spanned package var keep = 1
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var question: ModelQuestion? = nil
    @Spanned package var program: JudgingProgram? = nil
    @Spanned package var set = RowSet.train

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$kind, .judge("kind")), .checks(\.$checks),
        .init(\.$keep, .integer("keep", in: 1...64, "Accepted answers kept per row.")),
        .init(\.$answer, .answer, at: .elsewhere), .question(\.$question), .program(\.$program),
        .init(\.$set, .answeredSet, at: .elsewhere, key: .unlessStandard),
    ]

    package var judges: Spanned<[JudgeKind]> { $kind.map { checks + [$0] } }
}

/// Compares a judge with the labels that people gave to answers.
///
/// Inputs: `data` (of `data.split`), `labels` (files of records: `id` of a row or a row of its own, `response`, `accepted`,
/// `reason`?), `judge` (a model) where a model at hand decides, `script` (files) where a program does.
/// Output: `validation.json`: how often judge and people agree, Cohen's κ, the four counts, and for each reason that people
/// gave how often the judge accepted; `disagreements.jsonl`: the answers on which they differ; `verdicts.jsonl` as `judge`
/// writes it.
package struct JudgeValidate: JudgingKind {
    package static let declaration = KindDeclaration(
        "judge.validate", revision: 1,
        inputs: [.required("data"), .required("labels"), .optional("judge"), .optional("script")],
        output: "`validation.json`, `disagreements.jsonl`, `verdicts.jsonl`?")

    @Spanned package var kind = JudgeKind.ast
    @Spanned package var checks: [JudgeKind] = []
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var question: ModelQuestion? = nil
    @Spanned package var program: JudgingProgram? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$kind, .judge("kind")), .checks(\.$checks), .init(\.$answer, .answer), .question(\.$question),
        .program(\.$program),
    ]

    package var judges: Spanned<[JudgeKind]> { $kind.map { checks + [$0] } }
}

extension JudgeValidate {
    /// The same judge.
    package init(_ judge: Judge) {
        self.init()
        ($kind, $checks, $answer) = (judge.$kind, judge.$checks, judge.$answer)
        ($question, $program) = (judge.$question, judge.$program)
    }
}

/// Fails where a judge agrees too seldom with people. Whatever trusts the judge has the output among its inputs; that says
/// nothing but the minimum, so that more labels judge nothing anew.
///
/// Inputs: `validation` (of `judge.validate`).
/// Output: `gate.json`: the minimum that was passed.
package struct JudgeGate: StageKind {
    package static let declaration = KindDeclaration(
        "judge.gate", revision: 1, inputs: [.required("validation")], output: "`gate.json`")

    @Spanned package var agreement = 0.9
    @Spanned package var kappa: Double? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$agreement,
            .share("agreement", in: 0...1, "The share of labels that the judge must say too; below it the build stops.")),
        .init(\.$kappa, .number("kappa", in: -1...1, "What Cohen's κ must be at least.")),
    ]

    package func operations(_ workload: Workload) -> Double? { 0 }
}

/// Compares a model's answers with another's, pair by pair: wins, ties and losses.
///
/// A model that judges is shown both answers, in either order; one that is better in one order alone is no better. Other judges
/// decide on each answer: one that is accepted wins against one that is not.
///
/// Inputs: `data` (of `data.split`), `answers` and `others` (of `eval.generate` or `eval.likelihood`), `judge` (a model) where a
/// model at hand decides, `script` (files) where a program does, `gate` (of `judge.gate`) where the judge must have passed it,
/// `sheet` (a file) that people have filled in.
/// Output: `comparison.json`: per set the pairs, wins, ties and losses, by the judge and by people; `comparisons.jsonl`: each pair with its outcome;
/// `sheet.csv`: the pairs without the models' names, in an order of chance, for people to fill in; `key.jsonl`: whose answers
/// the sheet has as A and B; where a model or a program decides, `verdicts.jsonl`.
package struct EvalCompare: JudgingKind {
    package static let declaration = KindDeclaration(
        "eval.compare", revision: 1,
        inputs: [
            .required("data"), .required("answers"), .required("others"), .optional("judge"), .optional("script"),
            .optional("gate"), .optional("sheet"),
        ],
        output: "`comparison.json`, `comparisons.jsonl`, `sheet.csv`, `key.jsonl`, `verdicts.jsonl`?")

    @Spanned package var judge = JudgeKind.ast
    @Spanned package var checks: [JudgeKind] = []
    @Spanned package var sets = evaluatedSets
    /// Pairs of each set, at most.
    @Spanned package var pairs = 200
    @Spanned package var seed = 7
    @Spanned package var answer = AnswerStyle.call
    /// What the others' answers consist of.
    @Spanned package var otherAnswer = AnswerStyle.call
    @Spanned package var question: ModelQuestion? = nil
    @Spanned package var program: JudgingProgram? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$judge, .judge("judge"), at: .elsewhere), .checks(\.$checks, at: .elsewhere),
        .init(\.$sets, .evaluatedSets, at: .elsewhere, isNeeded: true),
        .init(\.$pairs, .integer("pairs", in: 1...1_000_000, "Pairs of each set that are compared at most, chosen by chance.")),
        .init(\.$seed, .seed("Of the choice of pairs, and of which answer stands first.")),
        .init(\.$answer, .answer, at: .elsewhere),
        .init(\.$otherAnswer, Field<AnswerStyle>.answer.named("other_answer"), at: .elsewhere),
        .question(\.$question), .program(\.$program),
    ]

    package var judges: Spanned<[JudgeKind]> { $judge.map { checks + [$0] } }
    package func operations(_ workload: Workload) -> Double? { 0 }
}
