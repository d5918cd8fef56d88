/// Who decides whether an answer is right.
package enum JudgeKind: String, Word {
    /// Function, required and optional arguments, types, any of the possible values; order-free for several calls.
    case ast
    /// Names and key-value pairs identical.
    case exact
    /// An answer that a row like this one could want, whatever is right: calls of functions that there are, a label.
    case format
    /// A model, at hand or behind an endpoint.
    case model
    /// A program of the recipe's own.
    case exec
}

/// What a judging model knows beside the question and the answer.
package enum JudgeReference: String, Word {
    /// The answer that the row has.
    case rows
    /// No answer: several may be right.
    case none
}

/// Where a judging model's reply says its verdict.
package enum VerdictReading: Hashable, Sendable {
    /// The reply is the verdict, and nothing else.
    case word
    /// Its last line; what stands before is its reasoning.
    case lastLine
    /// The member `verdict` of a JSON object, or `grade`; `reason` is its reasoning.
    case json
    /// The last place that a regular expression fits: its first group, or all of it.
    case pattern(String)

    /// Those that a word names.
    package static let named: [VerdictReading] = [.word, .lastLine, .json]

    /// As recipes and keys have it; `nil` for a pattern.
    package var spelling: String? {
        switch self {
        case .word: "word"
        case .lastLine: "last_line"
        case .json: "json"
        case .pattern: nil
        }
    }
}

extension VerdictReading: Codable {
    private enum CodingKeys: CodingKey {
        case pattern
    }

    package init(from decoder: any Decoder) throws {
        if let word = try? decoder.singleValueContainer().decode(String.self) {
            guard let reading = Self.named.first(where: { $0.spelling == word }) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "'\(word)' is no way to read a verdict."))
            }
            self = reading
        } else {
            self = .pattern(try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .pattern))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        if case .pattern(let pattern) = self {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(pattern, forKey: .pattern)
        } else {
            var container = encoder.singleValueContainer()
            try container.encode(spelling ?? "")
        }
    }
}
