import Words

extension AnswerStyle {
    /// The response to a row that training teaches: its own calls, with a worked reasoning before them where one is wanted.
    ///
    /// - Parameter functions: definitions by name.
    package func response(to row: Row, functions: [String: FunctionDefinition]) -> String {
        let calls = PromptStyle.response(to: row)
        return switch self {
        case .call: calls
        case .reasoning: ReasonedResponse(reasoning: WorkedReasoning(row, functions: functions).text, answer: calls).text
        }
    }

    /// The part of a response that holds the calls.
    package func answer(in response: String) -> Result<String, RowError> {
        switch self {
        case .call: .success(response)
        case .reasoning: ReasonedResponse.parse(response).map(\.answer)
        }
    }
}

/// A response of two parts.
package struct ReasonedResponse: Hashable, Sendable {
    package var reasoning: String
    package var answer: String

    package init(reasoning: String, answer: String) {
        self.reasoning = reasoning
        self.answer = answer
    }

    package var text: String { "<think>\(reasoning)</think><answer>\(answer)</answer>" }

    /// Reads exactly one of each part in this order, with nothing but white space around them.
    package static func parse(_ response: String) -> Result<ReasonedResponse, RowError> {
        var places: [Range<String.Index>] = []
        for tag in ["<think>", "</think>", "<answer>", "</answer>"] {
            let found = response.ranges(of: tag)
            guard found.count == 1, found[0].lowerBound >= places.last?.upperBound ?? response.startIndex else {
                let fault = found.isEmpty ? "has no \(tag)" : found.count > 1 ? "has several \(tag)" : "has \(tag) too early"
                return .failure(RowError("the response \(fault)"))
            }
            places.append(found[0])
        }
        let outside = [
            response[..<places[0].lowerBound], response[places[1].upperBound..<places[2].lowerBound],
            response[places[3].upperBound...],
        ]
        guard outside.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) else {
            return .failure(RowError("the response has text outside of its two parts"))
        }
        return .success(
            ReasonedResponse(
                reasoning: String(response[places[0].upperBound..<places[1].lowerBound]),
                answer: String(response[places[2].upperBound..<places[3].lowerBound])))
    }
}

extension AnswerJudge {
    /// Judges the calls of a response of either format; one that is not of its format is rejected.
    package func verdict(
        on response: String, format: AnswerStyle, for row: Row, functions: [String: FunctionDefinition]
    ) -> Verdict {
        switch format.answer(in: response) {
        case .failure(let error): .rejected(error.description)
        case .success(let answer): verdict(on: answer, for: row, functions: functions)
        }
    }
}
