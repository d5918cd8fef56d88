import Diagnostics
import Words

/// `data.split`: how rows are divided into sets.
package struct SplitSection: Sendable {
    package let test: Spanned<Double>
    package let valid: Spanned<Double>
    /// Functions out of domain: names, and patterns in which `*` is any run of characters.
    package let outOfDomain: Spanned<[Spanned<String>]>
    /// At most this many rows a set, in the order of `RowSet`.
    package let limits: [(set: RowSet, rows: Spanned<Int>)]
    package let seed: Spanned<Int>

    enum Definition {
        static let test = Field.share("test", 0.10, in: 0...0.9, "Share of the rows not otherwise placed.")
        static let valid = Field.share("valid", 0.02, in: 0...0.9, "Share of the rows not otherwise placed.")
        static let functions = Field.words(
            "functions", required: true, "Functions that no training row shows: names, or patterns such as `*_lamp`.")
        static let outOfDomain = SectionField(
            "ood", MappingDefinition("data.split.ood", "What is out of domain.", [functions]))
        static let limits = RowSet.allCases.map {
            Field.integer($0.rawValue, nil, in: 1...10_000_000, "At most so many rows of the set `\($0.rawValue)`.")
        }
        static let limit = SectionField("limit", MappingDefinition("data.split.limit", "The largest sizes of sets.", limits))
        static let seed = Field.seed(7, "Decides which rows fall into which set.")
        static let mapping = MappingDefinition(
            "data.split", "How rows are divided into sets.", [test, valid, outOfDomain, limit, seed])
    }

    init(reading data: Fields) {
        let fields = data.section(DataSection.Definition.split)
        test = fields[Definition.test]
        valid = fields[Definition.valid]
        let outside = fields.section(Definition.outOfDomain)
        outOfDomain = outside[Definition.functions]
        if let entry = fields.entry("ood"), entry.value.mapping != nil, outOfDomain.value.isEmpty {
            fields.report(
                Diagnostic(
                    .emptyList, "'data.split.ood' names no function",
                    at: outOfDomain.isWritten ? outOfDomain.span : entry.key.span,
                    help: "write 'functions: [NAME]', or leave 'ood' out"))
        }
        let limit = fields.section(Definition.limit)
        limits = zip(RowSet.allCases, Definition.limits).compactMap { set, field in limit.written(field).map { (set, $0) } }
        seed = fields[Definition.seed]
        if test.value + valid.value > 0.95 {
            let written = test.isWritten ? test : valid
            fields.report(
                Diagnostic(
                    .outOfRange, "'test' and 'valid' leave less than 5% of the rows to train on", at: written.span,
                    label: "\(test.value.percentage) and \(valid.value.percentage)", help: "make their sum 95% or less"))
        }
    }
}
