import CanonicalJSON
import Engine
import Kinds
import Words

extension EvalDecide: RunnableStage {
    package static let thresholds = File<JSON>("threshold.json")
    package static let artifact: [Output] = [.figures(thresholds), .sets]

    package func run(in context: StageContext) throws {
        let task = try context.readTask()
        var answers: [String: [DecidedAnswer]] = [:]
        for set in sets { answers[set] = try decided(set, task, in: context) }
        let curves = answers.mapValues { ThresholdCurve($0.compactMap(\.decision)) }
        let threshold = self.threshold ?? curves[RowSet.valid.rawValue]?.best?.threshold
        if threshold == nil {
            context.log("no threshold is found: 'valid' needs answered rows that want a call, and others that want none")
        }
        for set in sets {
            let decided = (answers[set] ?? []).map { answer in threshold.map(answer.answer(at:)) ?? answer.said }
            try context.write(decided, to: EvalGenerate.answers(to: set))
        }
        let figures: JSON = [
            "threshold": threshold.map(JSON.number) ?? .null,
            "sets": .object(curves.mapValues { Self.json(of: $0, at: threshold) }),
        ]
        try context.write(figures, to: Self.thresholds)
    }

    private func decided(_ set: String, _ task: any AnswerTask, in context: StageContext) throws -> [DecidedAnswer] {
        let rows = Dictionary(uniqueKeysWithValues: try context.read(DataFiles.set(set), from: "data").map { ($0.id, $0) })
        return try context.read(EvalGenerate.answers(to: set), from: "answers").map { answer in
            guard let row = rows[answer.row] else {
                throw StageFailure("answers/\(set).jsonl has an answer to '\(answer.row)', which is no row of the set")
            }
            return DecidedAnswer(said: answer, to: row, task)
        }
    }

    private static func json(of curve: ThresholdCurve, at threshold: Double?) -> JSON {
        func shares(_ point: ThresholdCurve.Point) -> JSON {
            [
                "threshold": .number(point.threshold), "call_ar": .share(point.rightCalls, of: curve.calls),
                "no_call_ar": .share(point.rightRefusals, of: curve.refusals),
            ]
        }
        let points = Set(ThresholdCurve.shown + [threshold].compactMap(\.self)).sorted().map { shares(curve.point(at: $0)) }
        return [
            "call_rows": .count(curve.calls), "no_call_rows": .count(curve.refusals),
            "curve": .array(curve.calls + curve.refusals == 0 ? [] : points),
        ]
    }
}

/// A model's answer, with what a threshold makes of it.
private struct DecidedAnswer {
    let said: Answer
    /// `nil` where nobody looked for what a threshold decides by, or knows what is right.
    let decision: CallDecision?

    init(said: Answer, to row: Row, _ task: any AnswerTask) {
        self.said = said
        guard let refusal = said.refusal, !row.isUnlabelled else {
            decision = nil
            return
        }
        let call = refusal.call?.response ?? said.response
        let calls = try? CallParser.calls(in: call).get()
        decision = CallDecision(
            likelihood: refusal.likelihood, wantsCall: !row.answers.isEmpty,
            isCallRight: task.verdict(on: call, for: row, by: .ast).isAccepted, hasNoCall: calls?.isEmpty ?? false)
    }

    /// No call from the threshold on, else the model's best call.
    func answer(at threshold: Double) -> Answer {
        guard let refusal = said.refusal else { return said }
        if refusal.likelihood >= threshold {
            return Answer(
                row: said.row, response: NoCallReader.answer,
                tokens: AnswerTokens(prompt: said.tokens.prompt, response: refusal.tokens), hasEnded: true, refusal: refusal)
        }
        guard let call = refusal.call else { return said }
        return Answer(
            row: said.row, response: call.response,
            tokens: AnswerTokens(prompt: said.tokens.prompt, response: call.tokens), hasEnded: true, refusal: refusal)
    }
}
