import Words

/// Reads rows of a published format into Decant's.
///
/// Inputs: `train.0`, `train.1`, …, `test.0`, … and `set.0`, … in the recipe's order, of one file or several.
/// Output: `functions.json`, `rows.jsonl` (rows carry the set that their file was named under; where a row defines a function
/// otherwise than the first row that had one of this name, also its own `definitions`).
package struct DataIngest: StageKind {
    package static let name = "data.ingest"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.numbered("train"), .numbered("test"), .numbered("set")]

    /// Of the inputs that `formats` does not name.
    package var format: RowFormat
    /// Other formats, by input; `nil` where all have one.
    package var formats: [String: RowFormat]?
    /// The sets that the rows of `set.0`, `set.1`, … are, in that order; `nil` where there are none.
    package var sets: [String]?

    package init(format: RowFormat, formats: [String: RowFormat]? = nil, sets: [String]? = nil) {
        self.format = format
        self.formats = formats
        self.sets = sets
    }

    package func format(of input: String) -> RowFormat { formats?[input] ?? format }
}
