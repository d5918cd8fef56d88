import Declarations
import Diagnostics
import Kinds
import Words

/// `data.ingest`: files of rows in published formats.
package struct IngestSection: Sendable {

    /// The format of sources that name none of their own.
    package let format: Spanned<RowFormat>
    /// The columns of sources that name none of their own.
    package let columns: Spanned<[String: String]?>
    package let badRows: Spanned<Double>
    package let skip: Spanned<Int>
    package let copy: Spanned<Bool>
    /// Of sources that say nothing else.
    package let expect: Spanned<RowExpectation>
    /// What rows of `spans` call, of sources that say nothing else.
    package let calls: Spanned<String>
    /// The source of the functions of rows that bring none.
    package let functions: Spanned<String>?
    package let train: [RowSource]
    package let test: [RowSource]
    package let valid: [RowSource]
    /// Of functions that no other row lists, unless it came with them.
    package let ood: [RowSource]
    /// Test rows under names of the writer's own, in the order of writing.
    package let sets: [NamedRowSet]

    enum Definition {
        static let train = RawField(
            "train", RowSource.Definition.several, required: true,
            "Sources of rows to train on (and to split); `{from: SOURCE, format: FORMAT}` for one in another format.")
        static let test = RawField("test", RowSource.Definition.several, "Sources of rows that are test rows, likewise.")
        static let valid = RawField(
            "valid", RowSource.Definition.several, "Sources of rows that are the set `valid`, likewise.")
        static let ood = RawField(
            "ood", RowSource.Definition.several,
            "Sources of rows that are the set `ood`, likewise. No other row's prompt lists functions that only these have.")
        static let sets = RawField(
            "sets", .named(.mapping(NamedRowSet.Definition.mapping)), NamedRowSet.Definition.mapping.documentation)
        static let functions = Field.text(
            "functions", "The source of the functions that rows may call which bring none: YAML, or a JSON list of tools.")
        static let mapping = MappingDefinition(
            "data.ingest", "Files of rows in published formats.",
            DataIngest.fields() + [train, valid, test, ood, sets, functions])
    }

    init(reading data: Fields, references: References) {
        let fields = data.section(DataSection.Definition.ingest)
        var kind = DataIngest.standard
        kind.read(fields)
        (format, columns, badRows, expect) = (kind.$format, kind.$columns, kind.$badRows, kind.$expect)
        (skip, copy, calls) = (kind.$skip, kind.$copy, kind.$calls)
        functions = fields.reference(Definition.functions, among: references)
        let standard = RowSource.Reading(format: format, columns: columns, expect: expect, calls: calls)
        standard.check(fields.findings)
        train = fields.rowSources(Definition.train, standard, among: references)
        test = fields.rowSources(Definition.test, standard, among: references)
        valid = fields.rowSources(Definition.valid, standard, among: references)
        ood = fields.rowSources(Definition.ood, standard, among: references)
        sets = fields.named(Definition.sets, NamedRowSet.Definition.mapping).map {
            NamedRowSet(name: $0.name, reading: $0.fields, standard, references: references)
        }
        if calls.isWritten, !calls.value.isEmpty, !sources.contains(where: { $0.format.value == .spans }) {
            standard.reportCalls(fields.findings)
        }
        if train.isEmpty {
            fields.report(.missingField("train", in: fields.owner, at: fields.anchor, help: "add 'train: SOURCE'"))
        }
        checkWeights(fields.findings)
    }

    /// Every source with its format, in the order of the stage's inputs.
    package var sources: [RowSource] { divided + test + placed.map(\.source) }

    /// Sources of training rows that are divided into sets.
    package var divided: [RowSource] { train.filter { $0.weight == nil } }

    /// Sources whose rows are read under the name of a set: the recipe's own sets, `valid`, `ood`, and what is mixed into
    /// training.
    package var placed: [(set: Spanned<String>, source: RowSource)] {
        var placed: [(set: Spanned<String>, source: RowSource)] = []
        for set in sets { placed += set.sources.map { (set: set.name, source: $0) } }
        placed += valid.map { (set: $0.name.map { _ in RowSet.valid.rawValue }, source: $0) }
        placed += ood.map { (set: $0.name.map { _ in RowSet.ood.rawValue }, source: $0) }
        placed += train.filter { $0.weight != nil }.map { (set: $0.name.map(RowSet.mixed), source: $0) }
        return placed
    }

    /// Rows for each training row, by the set of those that are mixed into training; `nil` where none are.
    package var weights: Spanned<[String: Double]?> {
        let weights = train.compactMap { source in source.weight.map { (RowSet.mixed(source.name.value), $0) } }
        guard let first = weights.first else { return Spanned(wrappedValue: nil) }
        let parts = weights.map { ($0.0, $0.1.place) }
        return Spanned(
            Dictionary(weights.map { ($0.0, $0.1.value) }, uniquingKeysWith: { $1 }),
            at: Place(first.1.span, field: first.1.field, parts: Dictionary(parts, uniquingKeysWith: { $1 })))
    }

    /// Weights count from the rows that have none, and belong to training.
    private func checkWeights(_ findings: Findings) {
        if divided.isEmpty, let weight = train.first?.weight {
            findings.report(
                .conflict, "'weight' counts rows for each row of the sources without one, and all have one", at: weight.span,
                help: "leave it out for the rows that the recipe is about")
        }
        for source in test + valid + ood {
            guard let weight = source.weight else { continue }
            findings.report(
                .conflict, "'weight' mixes rows into training, and these are not learned from", at: weight.span,
                help: "leave it out")
        }
    }
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
            [
                RowSource.Definition.from, RowSource.Definition.format, RowSource.Definition.columns,
                RowSource.Definition.expect, RowSource.Definition.calls, limit,
            ])
    }

    fileprivate init(
        name: Spanned<String>, reading fields: Fields, _ standard: RowSource.Reading, references: References
    ) {
        self.name = name
        let taken = RowSet.allCases.map(\.rawValue) + RowSet.otherFiles
        if !name.value.isPlainName || taken.contains(name.value) {
            fields.report(
                .badName, "'\(Diagnostic.shortened(name.value))' cannot name a set", at: name.span,
                help: "use letters, digits, '-', '_' and '.'; \(taken.joined(separator: ", ")) are taken")
        }
        sources = fields.rowSources(standard, among: references)
        limit = fields.written(Definition.limit)
    }
}

extension RowSource.Reading {
    /// What a flat row can have; the members of other formats are those that their authors gave them.
    private static let tableMembers = ["query", "reply", "label", "instructions", "context", "id"]

    /// Reports a function that rows call which are no spans.
    fileprivate func reportCalls(_ findings: Findings) {
        findings.report(
            .conflict, "'calls' is of rows in the format 'spans', and these are in '\(format.value.rawValue)'", at: calls.span,
            secondary: format.isWritten ? [.init(format.span)] : [],
            help: "leave 'calls' out, which other formats say themselves, or write 'format: spans'")
    }

    /// Reports members that rows of a table do not have.
    fileprivate func check(_ findings: Findings) {
        guard format.value == .table else { return }
        for member in (columns.value ?? [:]).keys.sorted() where !Self.tableMembers.contains(member) {
            findings.report(
                .unknownField(member, in: "'columns' of the format 'table'", among: Self.tableMembers, at: columns.span))
        }
    }
}

/// A source of rows, and how its files are read.
package struct RowSource: Sendable {
    /// The format of the rows, and the files' names for its members.
    package struct Reading: Sendable {
        package let format: Spanned<RowFormat>
        package let columns: Spanned<[String: String]?>
        package let expect: Spanned<RowExpectation>
        /// Empty where rows of `spans` are no calls.
        package let calls: Spanned<String>
    }

    /// The name of a source or stage.
    package let name: Spanned<String>
    package let reading: Reading
    /// Of training rows that are mixed in: so many for each row of the sources without a weight.
    package var weight: Spanned<Double>?

    package var format: Spanned<RowFormat> { reading.format }
    /// Whether its rows are questions alone, as far as the recipe tells.
    package var isUnlabelled: Bool { reading.expect.value == .unknown }

    enum Definition {
        static let from = Field.words("from", required: true, "Sources of rows.")
        static let format = Field.choice(
            "format", RowFormat.decant, spelled: "that of `data.ingest`", "The format of these rows.")
        static let columns = Field.columns("columns")
        static let expect = Field.choice(
            "expect", RowExpectation.known, spelled: "that of `data.ingest`",
            "Whether what these rows say is right is `known`, or dropped: `unknown`.")
        static let calls = Field<String>.spansCall
        static let weight = Field.number(
            "weight", in: 1e-4...1e4,
            "Of training rows that are mixed in: so many rows for each training row of the sources without a weight, drawn by "
                + "hash. They keep the functions that they came with, and none of them is a test row.")
        static let mapping = MappingDefinition(
            "data.ingest.train", "Sources of rows in a format of their own.",
            [from, format, columns, expect, calls, weight])
        static let several = ValueType.list(.either([.text, .mapping(mapping)]))
    }
}

extension Fields {
    /// Sources in a list: by name, or with a format of their own; a single one needs no brackets.
    func rowSources(
        _ field: RawField, _ standard: RowSource.Reading, among references: References
    ) -> [RowSource] {
        guard let node = node(field.name) else { return [] }
        let path = fullName(of: field.name)
        var sources: [RowSource] = []
        for element in node.sequence ?? [node] {
            if let entries = element.mapping {
                sources += Fields(
                    RowSource.Definition.mapping, path: path, anchor: element.span, entries: entries, findings: findings
                ).weightedSources(standard, among: references)
            } else if let text = element.scalar?.text, !element.isNull {
                let name = Spanned(text, at: element.span, field: path)
                references.check(name, findings)
                sources.append(RowSource(name: name, reading: standard))
            } else {
                report(.wrongType(path, wants: "a source or {from: SOURCE, format: FORMAT, columns: {…}}", found: element))
            }
        }
        var first: [String: Spanned<String>] = [:]
        return sources.filter { source in
            guard let earlier = first.updateValue(source.name, forKey: source.name.value) else { return true }
            report(.repeated(source.name.value, in: path, at: source.name.span, first: earlier.span))
            return false
        }
    }

    /// The sources of a mapping that may have a weight.
    fileprivate func weightedSources(_ standard: RowSource.Reading, among references: References) -> [RowSource] {
        let weight = written(RowSource.Definition.weight)
        return rowSources(standard, among: references).map { source in
            var source = source
            source.weight = weight
            return source
        }
    }

    /// The sources of a mapping with `from`, `format` and `columns`.
    func rowSources(_ standard: RowSource.Reading, among references: References) -> [RowSource] {
        let names = self.references(RowSource.Definition.from, among: references)
        let reading = RowSource.Reading(
            format: written(RowSource.Definition.format) ?? standard.format,
            columns: written(RowSource.Definition.columns)?.map(Optional.some) ?? standard.columns,
            expect: written(RowSource.Definition.expect) ?? standard.expect,
            calls: written(RowSource.Definition.calls) ?? standard.calls)
        reading.check(findings)
        if node(RowSource.Definition.calls.name) != nil, reading.format.value != .spans { reading.reportCalls(findings) }
        if names.value.isEmpty {
            report(.missingField("from", in: owner, at: anchor, help: "add 'from: SOURCE', a name under 'sources'"))
        }
        return names.value.map { RowSource(name: $0, reading: reading) }
    }
}
