/// A word that recipes and keys use for one of a few choices. Each such enumeration stands once, in this module.
package protocol Word: RawRepresentable<String>, CaseIterable, Codable, Hashable, Sendable {
    /// How a recipe spells the word. Keys hold the raw value.
    var spelling: String { get }
}

extension Word {
    package var spelling: String { rawValue }

    /// Reads a recipe's spelling, or a key's.
    package init?(spelling: String) {
        guard let word = Self.allCases.first(where: { $0.spelling == spelling }) ?? Self(rawValue: spelling) else { return nil }
        self = word
    }
}

/// The formats of files of rows.
package enum RowFormat: String, Word {
    /// JSON lines: `id`, `query`, `tools`, `answers`, `expect`.
    case decant
    /// OpenAI chat JSON lines: `messages` and `tools`.
    case openai
    /// SNIPS NLU benchmark: one intent a file, text spans with entities.
    case snips
    /// xLAM function calling: `query`, `tools`, `answers`, the last two as JSON in a string.
    case xlam
    /// Berkeley function calling: questions, and possible answers in files of their own, joined by id.
    case bfcl
    /// Flat rows: `query` and `reply`, or other columns that a recipe names for them.
    case table
    /// Plain text: passages to be continued.
    case text
}

/// What a model does with a question.
package enum TaskKind: String, Word {
    /// It calls functions, or none.
    case calls
    /// It gives one of a few labels.
    case classify
    /// It gives a JSON object of what a text says.
    case extract
    /// It writes a text.
    case text
    /// It chooses one of several options.
    case choice
    /// It scores how well something fits a question.
    case rank
}

/// The sets of rows that Decant makes itself.
package enum RowSet: String, Word {
    case train
    case valid
    case test
    /// Templates that training rows never use.
    case phrasing
    /// Values that training rows never use.
    case values
    /// Functions that no training row shows.
    case ood
}

/// What a prompt shows the model.
package enum PromptStyle: String, Word {
    /// The query alone: for a fixed pool of functions that the model learns by heart.
    case query
    /// The row's candidate functions, then the query.
    case tools
}

/// What an answer consists of.
package enum AnswerStyle: String, Word {
    /// The calls alone: `[{"name":…,"arguments":…}]`.
    case call
    /// `<think>…</think><answer>[…]</answer>`: a reasoning, then the calls.
    case reasoning

    package var spelling: String { self == .call ? "calls" : rawValue }
}

/// How texts are ranked for a query.
package enum RetrievalMethod: String, Word {
    /// Okapi BM25 on words, k₁ = 1.2, b = 0.75.
    case bm25
    /// The cosine between vectors of a sentence encoder.
    case embedding
}

/// Who decides whether an answer is right.
package enum JudgeKind: String, Word {
    /// Function, required and optional arguments, types, any of the possible values; order-free for several calls.
    case ast
    /// Names and key-value pairs identical.
    case exact
    /// A model, at hand or behind an endpoint.
    case model
}
