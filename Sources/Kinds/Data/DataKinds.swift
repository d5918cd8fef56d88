import Declarations
import Words

package enum DataKinds {
    static let kinds: [any StageKind.Type] = [DataGenerate.self, DataIngest.self, DataSplit.self]
}

/// Writes rows from functions, utterance templates and slot values.
///
/// Inputs: `functions` and `templates`, one YAML file each.
/// Output: `functions.json`, `rows.jsonl` (rows carry their template and whether template or values are held out).
package struct DataGenerate: StageKind {
    package static let declaration = KindDeclaration(
        "data.generate", revision: 1, inputs: [.required("functions"), .required("templates")],
        output: "`functions.json`, `rows.jsonl`")

    @Spanned package var count = 6000
    @Spanned package var seed = 7
    @Spanned package var heldOutTemplates = 0.15
    /// Share of the values of each slot that allows it which only the `values` set uses.
    @Spanned package var heldOutValues = 0.05

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$count, .integer("count", in: 1...10_000_000, "Rows.")), .init(\.$seed, .seed("Draws the rows.")),
        .init(
            \.$heldOutTemplates,
            .share(
                "held_out_templates", in: 0...0.9,
                "Share of each function's templates that only the set `phrasing` uses."), at: "hold_out.templates"),
        .init(
            \.$heldOutValues,
            .share("held_out_values", in: 0...0.9, "Share of the values that only the set `values` uses."),
            at: "hold_out.values"),
    ]
}

/// Reads rows of a published format into Decant's.
///
/// Inputs: `train.0`, `train.1`, …, `test.0`, … and `set.0`, … in the recipe's order, of one file or several;
/// `functions`, a file of functions for rows that bring none.
/// Output: `functions.json`, `rows.jsonl` (rows carry the set that their file was named under; where a row defines a function
/// otherwise than the first row that had one of this name, also its own `definitions`), `reading.json` (records and rows of each
/// file, and what was skipped by reason); `task.json` where rows want something else than calls, or prompts have instructions.
///
/// The task is carried along with the data, and whatever reads rows follows it.
package struct DataIngest: StageKind {
    /// Revision 3: says what it skipped.
    package static let declaration = KindDeclaration(
        "data.ingest", revision: 3,
        inputs: [.numbered("train"), .numbered("test"), .numbered("set"), .optional("schema"), .optional("functions")],
        output: "`functions.json`, `rows.jsonl`, `reading.json`, `task.json`?")

    /// Of the inputs that `formats` does not name.
    @Spanned package var format = RowFormat.decant
    /// Other formats, by input; `nil` where all have one.
    @Spanned package var formats: [String: RowFormat]? = nil
    @Spanned package var sets: [String]? = nil
    @Spanned package var task = TaskKind.calls
    @Spanned package var instructions = ""
    /// `nil` where the training rows' are all that there are.
    @Spanned package var labels: [String]? = nil
    /// The text of a JSON Schema; `nil` where the input `schema` or the rows say what it is.
    @Spanned package var schema: String? = nil
    @Spanned package var reading = ReplyReading.text
    /// Of `rank`, for training rows that call functions.
    @Spanned package var negatives = 4
    /// The files' names of members that the format calls otherwise, by the format's; `nil` where all have the format's.
    @Spanned package var columns: [String: String]? = nil
    /// Other names, by input.
    @Spanned package var columnsOfInputs: [String: [String: String]]? = nil
    @Spanned package var badRows = 0.0
    @Spanned package var skip = 0
    @Spanned package var copy = false
    /// Empty where rows of `spans` are no calls.
    @Spanned package var calls = ""
    /// Other functions, by input; `nil` where all have one.
    @Spanned package var callsOfInputs: [String: String]? = nil
    @Spanned package var expect = RowExpectation.known
    /// Other expectations, by input; `nil` where all have one.
    @Spanned package var expectations: [String: RowExpectation]? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$format, .choice("format", "The format of the rows, where a source has no other.")),
        .init(\.$columns, .columns("columns")),
        .init(
            \.$badRows,
            .share(
                "bad_rows", in: 0...1,
                "Share of the records that may be damaged or wrong: they are left out, counted and named. Any more, and the "
                    + "stage fails."), key: .unlessStandard),
        .init(\.$calls, .spansCall, key: .unlessStandard),
        .init(
            \.$callsOfInputs, Field<[String: String]>.named(.word("calls_of", "Inputs whose spans call another function.")),
            at: .elsewhere),
        .init(
            \.$skip,
            .integer(
                "skip", in: 0...1_000_000,
                "Records that may be damaged or wrong, whatever share of all they are: they are left out, counted and named."),
            key: .unlessStandard),
        .init(
            \.$copy,
            .flag(
                "copy",
                "Whether constrained answers copy from the question what stands in it in every training row: each text argument "
                    + "whose values do gets `copy: true` in its schema."),
            key: .unlessStandard),
        .init(
            \.$expect,
            .choice(
                "expect",
                "`unknown` drops what the rows say is right, whatever their format: they are questions alone, and need say "
                    + "nothing."),
            key: .unlessStandard),
        .init(
            \.$expectations,
            Field<[String: RowExpectation]>.named(.choice("expectations", "Inputs whose rows are otherwise known or unknown.")),
            at: .elsewhere),
        .init(
            \.$formats, Field<[String: RowFormat]>.named(.choice("formats", "Inputs with rows in another format.")),
            at: .elsewhere),
        .init(
            \.$sets, .names("sets", "The sets that the rows of `set.0`, `set.1`, … are, in that order."), at: .elsewhere),
        .init(\.$task, .choice("task", "What the rows want of a model."), at: "task.kind", key: .unlessStandard),
        .init(
            \.$instructions, .text("instructions", "A text that every prompt shows before the query."), at: "task.instructions",
            key: .unlessStandard),
        .init(
            \.$labels,
            .names("labels", "The labels of `classify`, in the order in which prompts list them; those of the training rows."),
            at: "task.labels"),
        .init(
            \.$schema,
            .schema("schema", "The JSON Schema of what is extracted: a mapping; what all rows have where left out."),
            at: .elsewhere),
        .init(
            \.$reading,
            .choice("answer", "What of a `text` is compared: all of it, or the number that it comes to."),
            at: "task.answer", key: .unlessStandard),
        .init(
            \.$negatives,
            .integer(
                "negatives", in: 1...1000,
                "To `rank` functions: how many that a training row does not call are ranked beside those that it calls; other "
                    + "rows rank all."),
            at: "task.negatives", key: .unlessStandard),
        .init(
            \.$columnsOfInputs,
            Field<[String: [String: String]]>.named(Field<[String: String]>.columns("columns_of")), at: .elsewhere),
    ]

    package func format(of input: String) -> RowFormat { formats?[input] ?? format }
    package func expectation(of input: String) -> RowExpectation { expectations?[input] ?? expect }
    package func columns(of input: String) -> [String: String] { columnsOfInputs?[input] ?? columns ?? [:] }
    package func calls(of input: String) -> String { callsOfInputs?[input] ?? calls }
}

extension Field where Value == String {
    /// Of rows whose format is `spans`.
    package static var spansCall: Field {
        .text(
            "calls", default: "",
            "The function that rows of the format `spans` call, with their spans as arguments; left out, the reply is an object "
                + "of them, for the task `extract`.")
    }
}

extension Field where Value == [String: String] {
    /// A file's names by those of a format.
    package static func columns(_ name: String) -> Field {
        named(
            .word(
                name,
                "The file's names for members of its records that the format calls otherwise: `{query: text, label: intent}`."))
    }
}

/// Divides rows into sets by a hash of each row's text, so that a row's set never depends on the rows beside it, unless the split
/// is stratified.
///
/// Inputs: `data` (of `data.generate` or `data.ingest`).
/// Output: `functions.json` and one `<set>.jsonl` per set that has rows: `train`, `valid`, `test`, `phrasing` (held-out
/// templates), `values` (held-out values), `ood` (functions that no training row shows), and those that rows were read under;
/// `mixture.json` where rows are mixed into training: how many of each source there are, were wanted and are taken.
package struct DataSplit: StageKind {
    package static let declaration = KindDeclaration(
        "data.split", revision: 1, inputs: [.required("data")],
        output: "`functions.json`, one `<set>.jsonl` per set, `mixture.json`?")

    /// Share of the rows not otherwise placed; rows that `data.ingest` read as test rows are test rows all the same.
    @Spanned package var test = 0.10
    @Spanned package var valid = 0.02
    /// Functions that are out of domain: sorted names, and patterns in which `*` is any run of characters.
    @Spanned package var outOfDomain: [String] = []
    /// Functions listed with each row (its own and others by hash); 0 lists those that the row came with, else all in domain.
    @Spanned package var candidates = 0
    @Spanned package var similar = 0.0
    @Spanned package var missing = 0.0
    /// Rows that list the same functions in the same order, neighbours in their set.
    @Spanned package var group = 1
    /// At most this many rows a set, chosen by hash; sets not named keep all.
    @Spanned package var limit: [String: Int] = [:]
    @Spanned package var seed = 7
    @Spanned package var stratify = false
    /// Rows for each training row, by the set whose rows are mixed into training; `nil` where none are.
    @Spanned package var weights: [String: Double]? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$test, .share("test", in: 0...0.9, "Share of the rows not otherwise placed.")),
        .init(\.$valid, .share("valid", in: 0...0.9, "Share of the rows not otherwise placed.")),
        .init(
            \.$outOfDomain,
            .names("out_of_domain", "Functions that no training row shows: names, or patterns such as `*_lamp`."),
            at: .elsewhere),
        .init(
            \.$candidates, .integer("candidates", in: 0...1000, "Functions listed with each row."), at: .elsewhere),
        .init(
            \.$similar,
            .share(
                "similar", in: 0...1, "Share of the functions besides its own that share a word with one that the row calls."),
            at: "candidates.similar", key: .unlessStandard),
        .init(
            \.$missing,
            .share(
                "missing", in: 0...0.9,
                "Share of the rows with a call whose functions are not listed: those rows want no call."),
            at: "candidates.missing", key: .unlessStandard),
        .init(
            \.$group,
            .integer(
                "group", in: 1...1000,
                "Rows that list the same functions in one order, next to each other in their set, so that what they share is "
                    + "computed once. Without `count`, all functions are listed."), at: "candidates.group", key: .unlessStandard
        ),
        .init(
            \.$limit,
            Field<[String: Int]>.named(.integer("limit", in: 1...10_000_000, "At most so many rows of a set.")), at: .elsewhere),
        .init(\.$seed, .seed("Decides which rows fall into which set.")),
        .init(
            \.$stratify,
            .flag(
                "stratify",
                "Whether `test` and `valid` have their share of the rows of each function, or of each label: a new row may then "
                    + "move others."), key: .unlessStandard),
        .init(
            \.$weights,
            Field<[String: Double]>.named(
                .number("weights", in: 1e-4...1e4, "Rows for each other training row, of sets that are mixed into training.")),
            at: .elsewhere),
    ]

    package mutating func settle() { outOfDomain.sort() }
}

extension Field where Value == [String] {
    /// Names of the writer's own, each once; a single one needs no brackets.
    static func names(_ name: String, _ documentation: String) -> Field {
        Field<[Spanned<String>]>.words(name, documentation).plain()
    }
}
