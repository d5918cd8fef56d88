import CanonicalJSON

/// Counts which option of each row has the highest likelihood, as lm-evaluation-harness counts `multiple_choice`.
///
/// Of equal values the first option is chosen.
package struct ChoiceCounts: Hashable, Sendable {
    /// What an option's log-probability is divided by before options are compared.
    package enum Normalization: String, CaseIterable, Hashable, Sendable {
        case none = "acc"
        /// By the option's Unicode scalars.
        case characters = "acc_norm"
        /// By the option's bytes in UTF-8.
        case bytes = "acc_bytes"

        func value(_ option: ScoredOption) -> Double {
            switch self {
            case .none: option.logProbability
            case .characters: option.logProbability / Double(option.characters)
            case .bytes: option.logProbability / Double(option.bytes)
            }
        }

        /// The place of the option that is chosen; `nil` where there is none.
        package func choice(among options: [ScoredOption]) -> Int? {
            options.indices.max {
                value(options[$0]) < value(options[$1]) || value(options[$0]) == value(options[$1]) && $0 > $1
            }
        }
    }

    package private(set) var rows = 0
    private var right: [Normalization: Int] = [:]
    /// Rows whose right option is the greedy continuation.
    private var greedy = 0

    package init() {}

    package mutating func add(_ options: [ScoredOption], right place: Int) {
        rows += 1
        for normalization in Normalization.allCases where normalization.choice(among: options) == place {
            right[normalization, default: 0] += 1
        }
        if options.indices.contains(place), options[place].isGreedy { greedy += 1 }
    }

    /// `nil` without rows.
    package func accuracy(_ normalization: Normalization) -> Double? {
        rows == 0 ? nil : Double(right[normalization] ?? 0) / Double(rows)
    }

    /// The harness's `exact_match`; `nil` without rows.
    package var greedyShare: Double? { rows == 0 ? nil : Double(greedy) / Double(rows) }
}

/// An option of a row, with the likelihood that a model gives it.
package struct ScoredOption: Hashable, Sendable {
    /// Natural logarithm of the probability of all its tokens after the row's prompt.
    package let logProbability: Double
    package let tokens: Int
    /// Unicode scalars and UTF-8 bytes of its text.
    package let characters: Int
    package let bytes: Int
    /// Whether each of its tokens is the most probable one at its place.
    package let isGreedy: Bool

    package init(_ likelihood: Likelihood, of text: String) {
        (logProbability, tokens, isGreedy) = (likelihood.logProbability, likelihood.tokens, likelihood.isGreedy)
        (characters, bytes) = (text.unicodeScalars.count, text.utf8.count)
    }
}

extension ScoredOption {
    package init(json: JSON) throws(RowError) {
        guard let logProbability = json["log_probability"]?.double, let tokens = json["tokens"]?.integer,
            let characters = json["characters"]?.integer, let bytes = json["bytes"]?.integer,
            let isGreedy = json["greedy"]?.bool
        else { throw RowError("an option has no log_probability, tokens, characters, bytes and greedy") }
        (self.logProbability, self.tokens, self.isGreedy) = (logProbability, tokens, isGreedy)
        (self.characters, self.bytes) = (characters, bytes)
    }

    package var json: JSON {
        [
            "log_probability": .number(logProbability), "tokens": .count(tokens), "characters": .count(characters),
            "bytes": .count(bytes), "greedy": .bool(isGreedy),
        ]
    }
}
