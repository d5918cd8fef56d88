import Declarations
import Words

package enum RetrievalKinds {
    static let kinds: [any StageKind.Type] = [
        DataRetrieve.self, DataKnowledge.self, DataCompressPrompt.self, RetrievalReport.self,
    ]
}

/// Replaces the functions that each row lists by those of the whole pool that are nearest to its query, the nearest first.
///
/// A function's document is its name cut into words, its description, and the names and descriptions of its parameters.
/// Retrieved functions are kept, whether the wanted functions are among them or not. Training rows never list a function that
/// rows of other sets call and no training row does; rows of the other sets choose from the whole pool.
///
/// A classifier ranks the functions that its training rows call, and no others: what is new needs another training, where the
/// other methods need a document alone. `descriptions` stand in for functions' own in their documents, and nowhere else.
///
/// Inputs: `data` (of `data.split`), `encoder` (the folder of a sentence encoder, or of a decoder whose last token's state stands
/// for a text, of any depth) where the method is `embedding`, of `encoder.train` where it is `classifier`; `descriptions` (of
/// `data.describe`).
/// Output: as `data.split`, and `recall.json`: per set, the share of the rows with calls whose functions are all among the
/// first k, before any are added; with `recall_at` or a classifier also which functions no query can find.
package struct DataRetrieve: StageKind {
    package static let declaration = KindDeclaration(
        "data.retrieve", revision: 1, inputs: [.required("data"), .optional("encoder"), .optional("descriptions")],
        output: "as `data.split`, and `recall.json`")

    @Spanned package var method = RetrievalMethod.bm25
    @Spanned package var topK = 10
    /// Whether a training row's functions that were missed take the last places of its list.
    @Spanned package var addMissed = false
    @Spanned package var document = DocumentForm.text
    @Spanned package var queryInstruction = ""
    /// Numbers of functions that recall is measured at besides those up to `top_k`; empty for none.
    @Spanned package var recallAt: [Int] = []

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$method, .choice("method", "How functions are ranked for a query.")),
        .init(\.$topK, .integer("top_k", in: 1...1000, "Functions kept for each row.")),
        .init(
            \.$addMissed,
            .flag(
                "add_missed",
                "Whether training rows list the functions that they call even where retrieval missed them.")),
        .init(
            \.$document,
            .choice(
                "document",
                "What of a function is ranked: its words as `text`, or its definition as `json`."), key: .unlessStandard),
        .init(
            \.$queryInstruction,
            .text(
                "query_instruction", "A text before each query, as some encoders want it: `\"Instruct: …\\nQuery: \"`."),
            key: .unlessStandard),
        .init(
            \.$recallAt,
            Field<[Spanned<Int>]>.list(
                of: .integer(
                    "recall_at", in: 1...1000,
                    "Numbers of functions that recall is also measured at, and variants are compared at: `[1, 5, 7, 10, 15]`."),
                isSet: true
            ).plain(), key: .unlessStandard),
    ]

    package mutating func settle() { recallAt.sort() }

    package var runsModel: Bool { method == .embedding }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.retrieving(inputs) }
}

/// Lays what several ways of retrieval find side by side ("From Large to Super-Tiny", appendix C).
///
/// Inputs: `recall.<i>` (of `data.retrieve`) for the i-th row of `rows`.
/// Output: `retrieval.json`, `retrieval.md`: recall at each number of functions, by set, and whether functions without training
/// rows can be found.
package struct RetrievalReport: StageKind {
    package static let declaration = KindDeclaration(
        "retrieval.report", revision: 1, inputs: [.numbered("recall")], output: "`retrieval.json`, `retrieval.md`")

    /// Name of each row: the retrieving stages.
    @Spanned package var rows: [String] = []
    /// The numbers of functions, in the order of the columns.
    @Spanned package var places = [1, 5, 7, 10, 15]

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$rows, .texts("rows", "The name of each row."), at: .elsewhere, isNeeded: true),
        .init(
            \.$places,
            Field<[Spanned<Int>]>.list(of: .integer("places", in: 1...1000, "Numbers of functions that recall is shown at."))
                .plain(), at: .elsewhere),
    ]

    package func operations(_ workload: Workload) -> Double? { 0 }
}

/// Gives each row the snippets of a knowledge file that are nearest to its query, the nearest first.
///
/// Inputs: `data` (of `data.split` or `data.retrieve`), `snippets` (JSON lines with `text`, or a YAML list of texts), `encoder`
/// (a sentence encoder's folder) where the method is `embedding`.
/// Output: as its input `data`.
package struct DataKnowledge: StageKind {
    package static let declaration = KindDeclaration(
        "data.knowledge", revision: 1, inputs: [.required("data"), .required("snippets"), .optional("encoder")],
        output: "as `data.split`")

    @Spanned package var method = RetrievalMethod.bm25
    /// Snippets of each row at most; with `bm25` none that shares no word with the query.
    @Spanned package var topK = 3

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$method, .choice("method", "How snippets are ranked for a query.")),
        .init(\.$topK, .integer("top_k", in: 1...100, "Snippets of each row at most.")),
    ]

    package func memory(_ inputs: [String: Int]) -> Int { Memory.retrieving(inputs) }
}

/// Takes guidelines, format rules and examples out of prompts (From Large to Super-Tiny, appendix B).
///
/// Revision 3: says how long functions are in each form of signature.
///
/// Revision 2: the task's own instructions and examples are counted among what goes.
///
/// Rows and the task lose `instructions` and `examples`, and keep query, `context`, `knowledge` and functions. A function's
/// description is cut to its first sentence, and its parameters keep names, types and values, not their descriptions.
///
/// Inputs: `data` (of `data.split`, `data.retrieve` or `data.knowledge`), `tokenizer` (a folder with `tokenizer.json`) where
/// tokens are to be counted.
/// Output: as its input, and `compression.json`: the characters (and tokens) of each part of the prompts before and after,
/// by set; `signatures.json`: the mean of a function's characters (and tokens) in each form of `signature`, and as JSON.
package struct DataCompressPrompt: StageKind {
    package static let declaration = KindDeclaration(
        "data.compress-prompt", revision: 3, inputs: [.required("data"), .optional("tokenizer")],
        output: "as `data.split`, `compression.json` and `signatures.json`")

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = []
}
