import CanonicalJSON
import Words

/// The model calls functions, or none.
package struct CallTask: AnswerTask {
    package let kind = TaskKind.calls
    package let functions: [String: FunctionDefinition]
    private let guidance: Guidance
    private let reasoning: ReasoningForm

    /// - Parameters:
    ///   - functions: definitions by name; a row's own ones override them.
    ///   - reasoning: the one that a rule makes.
    package init(
        functions: [String: FunctionDefinition], _ guidance: Guidance = Guidance(), reasoning: ReasoningForm = .worked
    ) {
        (self.functions, self.guidance, self.reasoning) = (functions, guidance, reasoning)
    }

    package func shown(_ row: Row, in style: PromptStyle) -> Row { row.guided(by: guidance) }

    package func choices(for row: Row) throws(RowError) -> String {
        let listsAll = row.functions.isEmpty && row.definitions == nil
        return PromptStyle.listing(
            of: listsAll
                ? functions.values.sorted { $0.name < $1.name } : try PromptStyle.definitions(of: row, functions))
    }

    package func response(to row: Row) -> String { PromptStyle.response(to: row) }

    package func reasoned(_ row: Row) -> ReasonedResponse? {
        ReasonedResponse(
            reasoning: WorkedReasoning(row, functions: functions, as: reasoning).text, answer: response(to: row))
    }

    package func verdict(on answer: String, for row: Row, by rules: AnswerJudge) -> Verdict {
        rules.verdict(on: answer, for: row, functions: functions)
    }

    /// A response that calls nothing, as is wanted, is right in any form; to be learned it must be the empty list of calls.
    package func fault(inRight answer: String, to row: Row) -> String? {
        guard row.answers.isEmpty, case .failure(let error) = CallParser.calls(in: answer) else { return nil }
        return error.description
    }

    package func formFault(in answer: String, to row: Row) -> String? {
        let callable = row.callableDefinitions(in: functions).map { ($0.name, $0) }
        let known = Dictionary(callable, uniquingKeysWith: { first, _ in first })
        guard case .failure(let error) = CallParser.calls(in: answer, of: known) else { return nil }
        return error.description
    }

    package func grade(_ response: String, to row: Row, in style: AnswerStyle, by rule: RewardRule) -> AnswerGrade? {
        CallReward(rule, format: style, functions: functions).grade(response, to: row)
    }

    /// Calls of the row's candidates; of the whole pool where it neither lists nor defines functions.
    package func pattern(of row: Row) -> BytePattern? {
        .calls(of: row.callableDefinitions(in: functions), copyingFrom: row.query)
    }

    package func newScores() -> any TaskScores { CallScores() }
}

/// Scores of calls, and the functions that were called in place of others.
private struct CallScores: TaskScores {
    private var tally = AnswerScores()
    private var functions = FunctionConfusion()

    mutating func add(_ answer: ScoredAnswer) {
        let wanted = answer.row.answers.map(\.name)
        let called = answer.answer.flatMap { try? CallParser.calls(in: $0).get() }
        tally.add(
            wantsCall: answer.row.isUnlabelled ? nil : !wanted.isEmpty, isAccepted: answer.isAccepted, isExact: answer.isExact,
            responseTokens: answer.responseTokens)
        guard !answer.row.isUnlabelled else { return }
        functions.add(
            wanted: wanted, called: called?.map(\.name), isAccepted: answer.isAccepted, isExact: answer.isExact)
    }

    var json: JSON { tally.json }
    var confusion: JSON { functions.json }
}
