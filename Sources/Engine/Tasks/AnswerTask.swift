import CanonicalJSON
import Words

/// What a model does with rows: what their prompts show, which response is right, and what another one is worth.
///
/// A response is judged, taught, rewarded, scored and constrained by its task alone. `TaskDescription` says which one rows have.
package protocol AnswerTask: Sendable {
    var kind: TaskKind { get }
    /// The pool of functions by name; empty where nothing is called.
    var functions: [String: FunctionDefinition] { get }

    /// The row as its prompt has it: with the task's instructions and examples, and what may be answered where the style lists it.
    func shown(_ row: Row, in style: PromptStyle) -> Row
    /// What may be answered to a row, for people and models: functions, labels or fields, one a line; empty for free text.
    func choices(for row: Row) throws(RowError) -> String

    /// The right response, as training teaches it.
    func response(to row: Row) -> String
    /// The right answer with a reasoning before it; `nil` where no rule makes one.
    func reasoned(_ row: Row) -> ReasonedResponse?
    /// Whether an answer is right: `ast` by the task's own rules, `exact` where it is identical.
    func verdict(on answer: String, for row: Row, by rules: AnswerJudge) -> Verdict
    /// Why an answer that is right is no example to learn from; `nil` where it is one.
    func fault(inRight answer: String, to row: Row) -> String?
    /// Why an answer is none that a row like this one could want: no call of a known function, no label; `nil` where it is one.
    func formFault(in answer: String, to row: Row) -> String?
    /// How right a response is that ended; `nil` where it is malformed.
    func grade(_ response: String, to row: Row, in style: AnswerStyle, by rule: RewardRule) -> AnswerGrade?

    /// The answers that a model can be asked to weigh against each other; `nil` where they are too many to name.
    func options(of row: Row) -> [String]?
    /// All texts that an answer to a row may be; `nil` where any may.
    func pattern(of row: Row) -> BytePattern?
    /// Counts answers of one set.
    func newScores() -> any TaskScores
}

extension AnswerTask {
    package var functions: [String: FunctionDefinition] { [:] }

    package func reasoned(_ row: Row) -> ReasonedResponse? { nil }

    package func options(of row: Row) -> [String]? { nil }

    package func fault(inRight answer: String, to row: Row) -> String? { nil }

    /// The style whose markup encodes a shown row: only calls have a part of the prompt for functions.
    package func markup(of style: PromptStyle) -> PromptStyle { kind == .calls ? style : .query }

    /// The response to a row that training teaches in a style of answers.
    ///
    /// - Throws: where the style wants a reasoning and no rule makes one.
    package func response(to row: Row, in style: AnswerStyle) throws(RowError) -> String {
        switch style {
        case .call: return response(to: row)
        case .reasoning:
            guard let response = reasoned(row) else {
                throw RowError("no rule makes a reasoning for the row '\(row.id)'; teach answers without one")
            }
            return response.text
        }
    }

    /// Judges a response in a style of answers; one that is not in the style is rejected, and every one to an unlabelled row.
    package func verdict(
        on response: String, in style: AnswerStyle, for row: Row, by rules: AnswerJudge
    ) -> Verdict {
        switch style.answer(in: response) {
        case .failure(let error): .rejected(error.description)
        case .success where row.isUnlabelled: .rejected("the row says not what is right, which rules compare with")
        case .success(let answer): verdict(on: answer, for: row, by: rules)
        }
    }

    /// The reward of a response that ended, without a judge's, a command's and its length's part.
    package func reward(for response: String, to row: Row, in style: AnswerStyle, by rule: RewardRule) -> Reward {
        rule.reward(of: grade(response, to: row, in: style, by: rule))
    }

    /// The texts of a row that a tokenizer is trained on; for a passage, the passage.
    ///
    /// - Parameter signature: what prompts say of a function.
    package func texts(
        of row: Row, in style: PromptStyle, as signature: SignatureForm = .types
    ) throws(RowError) -> [String] {
        if row.isPassage { return [row.query] }
        let shown = shown(row, in: style)
        let texts = [shown.plainPrompt] + (row.isUnlabelled ? [] : [response(to: row)])
        guard markup(of: style) == .tools else { return texts }
        return [PromptStyle.listing(of: try PromptStyle.definitions(of: shown, functions), as: signature)] + texts
    }
}

/// The scores of a set's answers, counted one by one.
package protocol TaskScores: Sendable {
    mutating func add(_ answer: ScoredAnswer)
    /// The scores by name. Shares are between 0 and 1; `null` where nothing was counted that they are shares of.
    var json: JSON { get }
    /// What was answered in place of what.
    var confusion: JSON { get }
}

/// An answer with its verdicts.
package struct ScoredAnswer: Sendable {
    package var row: Row
    /// `nil` where the response is not in the style of answers.
    package var answer: String?
    package var isAccepted: Bool
    package var isExact: Bool
    /// Of the response, without the end token.
    package var responseTokens: Int
    /// The likelihoods of the row's options, where the answer is the most probable of them.
    package var options: [ScoredOption]?

    package init(
        row: Row, answer: String?, isAccepted: Bool, isExact: Bool, responseTokens: Int, options: [ScoredOption]? = nil
    ) {
        (self.row, self.answer, self.isAccepted) = (row, answer, isAccepted)
        (self.isExact, self.responseTokens, self.options) = (isExact, responseTokens, options)
    }
}
