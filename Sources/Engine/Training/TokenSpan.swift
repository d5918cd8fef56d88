/// Which of an example's tokens are learned.
package enum TokenSpan: Hashable, Sendable {
    case response
    /// Prompt and response, but for the first token, which nothing predicts.
    case sequence

    /// Counted from the response's start: places in the prompt are negative.
    package func positions(in example: TrainingExample) -> Range<Int> {
        switch self {
        case .response: 0..<example.responseLength
        case .sequence: 1 - example.promptLength..<example.responseLength
        }
    }

    /// The places in the sequence whose next tokens these are.
    func predictingPositions(in example: TrainingExample) -> Range<Int> {
        let positions = positions(in: example)
        let shift = example.promptLength - 1
        return positions.lowerBound + shift..<positions.upperBound + shift
    }
}

/// How much the loss at each position counts in a step, in units of what it does in the mean over the responses' tokens.
struct PositionWeights {
    let span: TokenSpan
    let ofResponse, ofPrompt: Double

    /// The mean over the responses' tokens.
    static let responses = PositionWeights(span: .response, ofResponse: 1, ofPrompt: 0)

    func weight(at position: Int) -> Double { position < 0 ? ofPrompt : ofResponse }
}

extension PositionWeights {
    /// A share of the mean over whole sequences, the rest of the mean over responses.
    init(_ rows: [TrainingExample], promptShare share: Double) {
        guard share > 0 else {
            self = .responses
            return
        }
        let responses = rows.reduce(0) { $0 + $1.responseLength }
        let sequences = rows.reduce(0) { $0 + TokenSpan.sequence.positions(in: $1).count }
        let spread = share * Double(responses) / Double(sequences)
        self.init(span: .sequence, ofResponse: 1 - share + spread, ofPrompt: spread)
    }
}
