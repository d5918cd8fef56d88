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
    /// Chats in the layouts of OpenAI, TRL, Hermes, ShareGPT, LLaMA-Factory and glaive, told apart by their members.
    case openai
    /// SNIPS NLU benchmark: one intent a file, text spans with entities.
    case snips
    /// xLAM function calling: `query`, `tools`, `answers`, the last two as JSON in a string.
    case xlam
    /// Berkeley function calling: questions, and possible answers in files of their own, joined by id.
    case bfcl
    /// Span-ConveRT's utterances with labelled spans: `userInput`, `context`, `labels`.
    case spans
    /// Questions with options: `query`, `options`, `reply` or the place `answer`.
    case options
    /// MMLU: `question`, `choices`, `answer`. The options are the choices' letters.
    case mmlu
    /// CMMLU: `Question`, `A` to `D`, `Answer`. The options are the letters.
    case cmmlu
    /// ARC: `question`, `choices` with `text` and `label`, `answerKey`.
    case arc
    /// HellaSwag: `activity_label`, `ctx_a`, `ctx_b`, `endings`, `label`.
    case hellaswag
    /// Texts that are ranked for a question: `query`, `document`, `relevance`, `group`; pairs and lists.
    case ranking
    /// Flat rows: `query` and `reply`, or other columns that a recipe names for them.
    case table
    /// Plain text: passages to be continued.
    case text
}

/// What is taken from a file of rows beside its questions.
package enum RowExpectation: String, Word {
    /// What it says is right.
    case known
    /// Nothing: what it says is right is dropped.
    case unknown
}

/// Where what is right of unlabelled rows comes from.
package enum ReferenceOrigin: String, Word {
    /// Nobody says it: such rows teach through judged answers alone.
    case rows
    /// It is the teacher's answer that the judge accepted.
    case judged
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

/// What of a text is compared with the right one.
package enum ReplyReading: String, Word {
    /// All of it, but for case, punctuation, articles and white space.
    case text
    /// The number that it comes to.
    case number
}

/// Members of JSON Schemas that are Decant's own.
package enum SchemaMember {
    /// The order in which an object's properties were written, where that is not the sorted one.
    package static let propertyOrder = "x-property-order"
    /// Of a text: whether it always stands in the question as it is.
    package static let copy = "copy"
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
    /// Test rows as careless, hurried or polite people would write them.
    case robust

    /// Those that rows are divided into; `robust` is made of them.
    package static let divided = allCases.filter { $0 != .robust }

    /// The set that rows of a source are read under which are mixed into training by weight.
    package static func mixed(_ source: String) -> String { "\(train.rawValue)+\(source)" }

    /// Whether rows of a set are learned from: those of `train`, and those that are mixed into it.
    package static func isTraining(_ set: String) -> Bool { set == train.rawValue || set.hasPrefix(mixed("")) }

    /// Files that lie beside those of the sets, as lines too: what was asked and answered, and what was said otherwise.
    package static let otherFiles = ["exchanges", "paraphrases"]
}

/// How the same question can be written otherwise.
package enum QueryVariation: String, Word {
    /// A capital at the beginning, all small, all capitals, a capital for each word.
    case letterCase = "case"
    /// A mark at the end, or none.
    case punctuation
    /// `what's` for `what is`, and back.
    case contractions
    /// Letters that are swapped, doubled, left out, or a neighbouring key's.
    case typos
    /// `um`, `so`, `okay then`.
    case fillers
    /// `please`, `could you`, `thanks`.
    case politeness
    /// Too much white space.
    case spacing
}

/// The language whose phrases variations may add.
package enum UtteranceLanguage: String, Word {
    case english = "en"
    /// No phrases are added, and no contraction is changed.
    case other
}

/// What a prompt shows the model.
package enum PromptStyle: String, Word {
    /// The query alone: for a fixed pool of functions that the model learns by heart.
    case query
    /// The row's candidate functions, then the query.
    case tools
}

/// What a prompt says of a function, where no chat template shows functions. Each form says what the one before it says, and
/// more.
package enum SignatureForm: String, Word {
    /// The names of the function and its parameters.
    case names
    /// Types of parameters.
    case types
    /// The values of enumerations, types within lists and objects, which parameters may be left out.
    case values
    /// The first sentences of the descriptions.
    case described
}

/// How much of a prompt a model sees.
package enum PromptView: String, Word {
    case full
    /// Without instructions, format rules and examples, and with brief functions (From Large to Super-Tiny, appendix B).
    case compressed
}

/// A question with its answer, which prompts show.
package struct PromptExample: Codable, Hashable, Sendable {
    package var query: String
    package var response: String

    package init(query: String, response: String) { (self.query, self.response) = (query, response) }
}

/// What an answer consists of.
package enum AnswerStyle: String, Word {
    /// The calls alone: `[{"name":…,"arguments":…}]`.
    case call
    /// `<think>…</think><answer>[…]</answer>`: a reasoning, then the calls.
    case reasoning

    package var spelling: String { self == .call ? "calls" : rawValue }

    /// New tokens that an answer may have where a model is just asked and nobody says how many.
    package var usualTokens: Int { self == .reasoning ? 256 : 128 }
}

/// The reasoning that a rule makes from a row.
package enum ReasoningForm: String, Word {
    /// Functions that the question suggests, the arguments of the calls, the functions that are called.
    case worked
    /// The functions that are called, each with its arguments: at most some forty tokens.
    case short
}

/// The form in which a model that was made elsewhere calls functions.
package enum AnswerForm: String, Word {
    /// Its own, as its chat template writes calls.
    case native
    /// Its own with a reasoning too: `<think>…</think>` before the calls.
    case thinking
    /// Decant's: a JSON list of calls.
    case decant
}

/// How a model's answers to evaluated rows are found.
package enum AnswerMethod: String, Word {
    /// It writes them.
    case generation
    /// The most probable of those that a row or the task names is its answer.
    case likelihood
}

/// What stands before an option whose likelihood is found.
package enum OptionContext: String, Word {
    /// The prompt that training shows; an end token belongs to the option.
    case prompt
    /// The prompt's text without markup, and a space: what lm-evaluation-harness shows a model.
    case text
}

/// How texts are ranked for a query.
package enum RetrievalMethod: String, Word {
    /// Okapi BM25 on words, k₁ = 1.2, b = 0.75.
    case bm25
    /// The cosine between vectors of a sentence encoder.
    case embedding
    /// The logits of a classifier that was trained on the rows: an encoder with a label for each function.
    case classifier
}

/// How a function is written as a document that is ranked.
package enum DocumentForm: String, Word {
    /// Its name cut into words, its description, a line for each parameter.
    case text
    /// Its definition as JSON: name, description, parameters.
    case json
}

/// What the heads of a tuned encoder say of a text.
package enum EncoderLabels: String, Word {
    /// Which functions it wants called.
    case functions
    /// Domain, intent and slots.
    case frames
}

/// A system that a student replaces.
package enum BaselineKind: String, Word {
    /// One encoder that classifies domain and intent and tags slots.
    case icsf
}
