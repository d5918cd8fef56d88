import Declarations
import Diagnostics
import Kinds
import Words

/// `data.split` and `data.candidates`: how rows are divided into sets, and which functions each row lists.
extension DataSplit {
    enum Definition {
        static let functions = Field<[Spanned<String>]>.words(
            "functions", required: true, "Functions that no training row shows: names, or patterns such as `*_lamp`.")
        static let outOfDomain = SectionField(
            "ood", MappingDefinition("data.split.ood", "What is out of domain.", [functions]))
        static let limits = RowSet.divided.map {
            Field.integer($0.rawValue, in: 1...10_000_000, "At most so many rows of the set `\($0.rawValue)`.")
        }
        static let limit = SectionField("limit", MappingDefinition("data.split.limit", "The largest sizes of sets.", limits))
        static let mapping = MappingDefinition(
            "data.split", "How rows are divided into sets.", DataSplit.fields() + [outOfDomain, limit],
            order: ["test", "valid", "ood", "limit"])
        static let section = SectionField("split", mapping)

        static let count = Field.integer("count", in: 1...1000, "Functions listed with each row.")
        static let listing = MappingDefinition(
            "data.candidates", "The functions that a row lists, when they are not just any.",
            [count] + DataSplit.fields(of: "candidates"))
        static let alone = Field.integer("candidates", 0, in: 0...1000, "Functions listed with each row.")
        static let candidates = RawField(
            alone.name, .either([alone.definition.type, .mapping(listing)]), standard: alone.definition.standard,
            "Functions listed with each row; 0 lists those that it came with, else all in domain.")
    }

    /// - Parameters:
    ///   - prompt: decides whether a model can see that a function is missing.
    ///   - retrieve: where it is there, it lists other functions later.
    ///   - named: sets of the recipe's own, with limits of their own.
    init(
        reading data: Fields, prompt: Spanned<PromptStyle>, retrieve: RetrieveSection?, named: [NamedRowSet]
    ) {
        self = .standard
        let fields = data.section(Definition.section)
        read(fields)
        readOutOfDomain(fields)
        let limits = fields.section(Definition.limit)
        let standard = Definition.limits.compactMap { field in limits.written(field).map { (field.name, $0) } }
        let members = standard + named.compactMap { set in set.limit.map { (set.name.value, $0) } }
        $limit = Spanned(
            Dictionary(members.map { ($0.0, $0.1.value) }, uniquingKeysWith: { first, _ in first }),
            at: Place(
                limits.anchor, field: limits.path, isWritten: !members.isEmpty,
                parts: Dictionary(members.map { ($0.0, $0.1.place) }, uniquingKeysWith: { first, _ in first })))
        if test + valid > 0.95 {
            fields.report(
                .outOfRange, "'test' and 'valid' leave less than 5% of the rows to train on",
                at: ($test.isWritten ? $test : $valid).span, label: "\(test.percentage) and \(valid.percentage)",
                help: "make their sum 95% or less")
        }
        readCandidates(data, prompt: prompt, retrieve: retrieve)
    }

    private mutating func readOutOfDomain(_ fields: Fields) {
        let functions = fields.section(Definition.outOfDomain)[Definition.functions]
        $outOfDomain = functions.map { $0.map(\.value) }
        guard let entry = fields.entry("ood"), entry.value.mapping != nil, outOfDomain.isEmpty else { return }
        fields.report(
            .emptyList, "'data.split.ood' names no function", at: functions.isWritten ? functions.span : entry.key.span,
            help: "write 'functions: [NAME]', or leave 'ood' out")
    }

    /// A number, or a mapping that says more.
    private mutating func readCandidates(
        _ data: Fields, prompt: Spanned<PromptStyle>, retrieve: RetrieveSection?
    ) {
        guard let entry = data.entry(Definition.candidates.name), let mapping = entry.value.mapping else {
            $candidates = data[Definition.alone]
            $similar = data.standard("candidates.similar", 0)
            $missing = data.standard("candidates.missing", 0)
            $group = data.standard("candidates.group", 1)
            return
        }
        let fields = Fields(
            Definition.listing, path: data.fullName(of: entry.name), anchor: entry.key.span, entries: mapping,
            findings: data.findings)
        $candidates = data.standard(Definition.alone.name, 0)
        if fields.node(Definition.count.name) != nil {
            $candidates = fields[Definition.count]
        } else if fields.node("group") == nil {
            fields.report(.missingField("count", in: fields.owner, at: fields.anchor, help: "add 'count: 4'"))
        }
        read(fields, of: "candidates")
        // What takes a list of functions as it is, and what the prompt or a later search makes of it.
        let wants: [(isWanted: Bool, span: SourceSpan, onQueries: String, onRetrieval: String, help: String)] = [
            (
                missing > 0, $missing.span, "a prompt that lists no functions cannot miss one",
                "'retrieve' lists the functions that 'missing' leaves out", "what retrieval does not find is missing as well"
            ),
            (
                group > 1, $group.span, "prompts that list no functions have no list in common",
                "'retrieve' lists other functions for each row of a 'group'", "each row's functions are found for it alone"
            ),
        ]
        for want in wants where want.isWanted {
            if prompt.value == .query {
                fields.report(
                    .conflict, want.onQueries, at: want.span, secondary: prompt.isWritten ? [.init(prompt.span)] : [],
                    help: "write 'prompt: tools' under 'data'")
            }
            if retrieve != nil {
                fields.report(
                    .conflict, want.onRetrieval, at: want.span, help: "keep one of the two: \(want.help)")
            }
        }
    }
}
