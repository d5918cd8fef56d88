import Declarations
import Diagnostics
import Kinds
import SpannedYAML
import Words

/// `data.ingest`: files of rows in published formats.
package struct IngestSection: Sendable {

    /// The format of sources that name none of their own.
    package let format: Spanned<RowFormat>
    package let train: [RowSource]
    package let test: [RowSource]
    /// Test rows under names of the writer's own, in the order of writing.
    package let sets: [NamedRowSet]

    enum Definition {
        static let train = RawField(
            "train", RowSource.Definition.several, required: true,
            "Sources of rows to train on (and to split); `{from: SOURCE, format: FORMAT}` for one in another format.")
        static let test = RawField("test", RowSource.Definition.several, "Sources of rows that are test rows, likewise.")
        static let sets = RawField(
            "sets", .named(.mapping(NamedRowSet.Definition.mapping)), NamedRowSet.Definition.mapping.documentation)
        static let mapping = MappingDefinition(
            "data.ingest", "Files of rows in published formats.", DataIngest.fields() + [train, test, sets])
    }

    init(reading data: Fields, references: References) {
        let fields = data.section(DataSection.Definition.ingest)
        var kind = DataIngest.standard
        kind.read(fields)
        let format = kind.$format
        self.format = format
        train = fields.rowSources(Definition.train, format: format, among: references)
        test = fields.rowSources(Definition.test, format: format, among: references)
        sets = fields.named(Definition.sets, NamedRowSet.Definition.mapping).map {
            NamedRowSet(name: $0.name, reading: $0.fields, format: format, references: references)
        }
        if train.isEmpty {
            fields.report(.missingField("train", in: fields.owner, at: fields.anchor, help: "add 'train: SOURCE'"))
        }
    }

    /// Every source with its format, in the order of the stage's inputs.
    package var sources: [RowSource] { train + test + sets.flatMap(\.sources) }
}

/// `data.ingest.sets.NAME`: test rows that are a set of their own.
package struct NamedRowSet: Sendable {
    package let name: Spanned<String>
    package let sources: [RowSource]
    /// At most this many rows.
    package let limit: Spanned<Int>?

    enum Definition {
        static let limit = Field.integer("limit", in: 1...10_000_000, "At most so many rows.")
        static let mapping = MappingDefinition(
            "data.ingest.sets.NAME", "Test rows that are sets of their own, evaluated apart under these names.",
            [RowSource.Definition.from, RowSource.Definition.format, limit])
    }

    fileprivate init(
        name: Spanned<String>, reading fields: Fields, format: Spanned<RowFormat>, references: References
    ) {
        self.name = name
        if !name.value.isPlainName || RowSet(rawValue: name.value) != nil {
            fields.report(
                Diagnostic(
                    .badName, "'\(Diagnostic.shortened(name.value))' cannot name a set", at: name.span,
                    help: "use letters, digits, '-', '_' and '.'; "
                        + RowSet.allCases.map(\.rawValue).joined(separator: ", ") + " are taken"))
        }
        sources = fields.rowSources(format: format, among: references)
        limit = fields.written(Definition.limit)
    }
}
