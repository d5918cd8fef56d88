import Declarations
import Diagnostics
import Kinds
import SpannedYAML
import Words

/// A turn of `prune`: what is removed, and how the model recovers before the next turn.
package struct PruneTurn: Sendable {

    /// Whom the pruned model learns from.
    package enum Teacher: String, Word {
        /// The recipe's.
        case teacher
        /// The model before anything was removed, in this turn or in one before it.
        case unpruned
    }

    /// How much goes.
    package enum Amount: Sendable {
        /// Shares of all parameters that the model has when the turn begins; several prune gradually, with a recovery after each.
        case ratios(Spanned<[Spanned<Double>]>)
        /// So many layers, or the shape that is left: settings of the method's own.
        case settings
        /// Tokens that the texts of the domain do not need, by no method.
        case vocabulary(PruneVocabulary)
    }

    /// The method and its settings; the amount stands in `amount` alone.
    package let apply: PruneApply
    package let score: PruneScore
    package let amount: Amount
    /// What importance is measured on.
    package let data: CalibrationData
    /// What the search compares shapes on; `nil` for the same.
    package let searchData: CalibrationData?
    /// `nil` where the pruned model is left as it is.
    package let recover: Transfer?
    package let teacher: Spanned<Teacher>

    package var method: Spanned<PruneMethod> { apply.$method }
    /// How many channels go at once, whatever the method.
    let granularity: PruneApply.Granularity

    enum Definition {
        static let ratio = Field<[Spanned<Double>]>.shares(
            "ratio", [PruneApply.standardRatio], in: 0...0.9,
            "Share to remove of all parameters that the turn begins with; a rising list prunes gradually, recovering after each. "
                + "In a matrix, where a list makes variants, that is a list within it.")
        static let shape = SectionField(
            "shape",
            MappingDefinition(
                "prune.shape", "The shape that is left, instead of a ratio (all methods but `depth`).",
                PruneApply.fields(of: "shape")))
        static let granularity = SectionField(
            "granularity",
            MappingDefinition(
                "prune.granularity", "How many channels go at once; smaller models want smaller steps.",
                PruneApply.Granularity.fields()))
        static let search = SectionField(
            "search",
            MappingDefinition(
                "prune.search", "With `width` and a ratio, every shape that comes near is tried; the lowest perplexity wins.",
                PruneApply.Search.fields() + [searchData]))
        static let vocabulary = Field<KeptVocabulary>.vocabulary
        static let data = CalibrationData.Definition.field(
            "data", standard: RowSet.train.rawValue, "What importance is measured on: a set of rows, or a text.")
        static let searchData = CalibrationData.Definition.field(
            "data", standard: nil, "What perplexity is measured on, where not on what importance is: a set of rows, or a text.")
        static let teacher = Field.choice(
            "teacher", Teacher.teacher, "Whom it learns from meanwhile: the recipe's teacher, or the model before pruning.")
        static let mapping = MappingDefinition(
            "prune", "What is removed, and how the model recovers; a list of such mappings prunes in turns.", mayBeNone: true,
            PruneApply.fields() + [ratio, shape, vocabulary, granularity, search] + PruneScore.fields()
                + [data, Transfer.Definition.recover, teacher],
            order: ["method", "ratio", "layers", "shape", "vocabulary", "granularity", "search", "damping"])
    }

    /// The turns in order; none where the recipe prunes nothing: no `prune`, `prune: none`, or ratios of 0%.
    static func list(reading recipe: Fields, references: References) -> [PruneTurn] {
        let turns = recipe.sections(Pipeline.Definition.prune)
        if turns.count > most {
            recipe.report(
                .outOfRange, "'prune' has \(turns.count) turns, and at most \(most) are possible", at: turns[most].anchor,
                help: "leave turns out, or write ratios as a list: 'ratio: [10%, 20%]'")
        }
        return turns.prefix(most).compactMap { PruneTurn(reading: $0, references: references) }
    }

    private static let most = 16

    /// `nil` where the turn removes nothing.
    private init?(reading fields: Fields, references: References) {
        var apply = PruneApply.standard
        apply.read(fields)
        var granularity = PruneApply.Granularity.standard
        granularity.read(fields.section(Definition.granularity))
        granularity.$intermediate = granularity.$intermediate.or(apply.$method, \.intermediateStep)
        apply.granularity = granularity
        self.granularity = granularity
        var score = PruneScore.standard
        score.read(fields)
        score.$method = apply.$method.map(\.measure)
        data = CalibrationData(reading: Definition.data, in: fields, references: references)
        data.decide(&score.$samples, in: fields, "samples")
        var search = PruneApply.Search.standard
        let searchFields = fields.section(Definition.search)
        search.read(searchFields)
        searchData =
            searchFields.node("data") == nil
            ? nil : CalibrationData(reading: Definition.searchData, in: searchFields, references: references)
        searchData?.decide(&search.$samples, in: searchFields, "samples")
        apply.search = search
        amount = Self.amount(fields, &apply)
        (self.apply, self.score) = (apply, score)
        // Without tokens that nobody writes, there is nothing to recover from.
        let keepsAnswers = if case .vocabulary = amount { fields.node("recover") == nil } else { false }
        recover =
            keepsAnswers || fields.node("recover")?.scalar?.text == "none"
            ? nil : Transfer(reading: Transfer.Definition.recover, in: fields, .recovery)
        teacher = fields[Definition.teacher]
        checkMethod(fields)
        if case .ratios(let ratios) = amount, ratios.value.allSatisfy({ $0.value == 0 }) { return nil }
    }

    /// Reads how much goes, and takes it out of what the method's own settings are.
    private static func amount(_ fields: Fields, _ apply: inout PruneApply) -> Amount {
        let written = ["ratio", "layers", "shape", "vocabulary"].compactMap(fields.entry).filter { !$0.value.isNull }
        if let first = written.first, let second = written.dropFirst().first {
            fields.report(
                .conflict, "\(fields.owner) has both '\(first.name)' and '\(second.name)'", at: second.key.span,
                secondary: [.init(first.key.span)], help: "keep one of the two")
        }
        if let vocabulary = fields.written(Definition.vocabulary) {
            var kind = PruneVocabulary.standard
            kind.$vocabulary = vocabulary
            return .vocabulary(kind)
        }
        if apply.layers != nil { return .settings }
        if fields.node("shape") != nil {
            let shape = fields.section(Definition.shape)
            if shape.entries.isEmpty {
                fields.report(
                    .missingField(
                        "hidden", in: shape.owner, at: shape.anchor,
                        help: "name 'hidden', 'intermediate', 'kv_heads' or several")
                )
            }
            apply.read(shape, of: "shape")
            return .settings
        }
        let ratios =
            fields.written(Definition.ratio)
            ?? fields.standard("ratio", [fields.standard("ratio", PruneApply.standardRatio)])
        checkRising(ratios, fields)
        return .ratios(ratios)
    }

    private static func checkRising(_ ratios: Spanned<[Spanned<Double>]>, _ fields: Fields) {
        for (earlier, later) in zip(ratios.value, ratios.value.dropFirst()) where later.value <= earlier.value {
            fields.report(
                .outOfRange, "each ratio of a gradual pruning must be above the one before", at: later.span,
                label: "not above \(earlier.value.percentage)", secondary: [.init(earlier.span)],
                help: "ratios count from the unpruned model: write them in rising order")
        }
    }

    /// An amount that only other methods have. Settings of other methods are let be: a matrix may vary the method.
    private func checkMethod(_ fields: Fields) {
        if case .vocabulary(let kind) = amount, let method = fields.entry("method"), !method.value.isNull {
            fields.report(
                .conflict, "tokens are removed by no method", at: method.key.span, secondary: [.init(kind.$vocabulary.span)],
                help: "leave 'method' out, or prune in turns: 'prune: [{method: …}, {vocabulary: …}]'")
        }
        guard case .settings = amount else { return }
        if apply.layers != nil { return check(fields.entry("layers"), belongsTo: .depth, fields) }
        if method.value == .depth { return check(fields.entry("shape"), belongsTo: .width, fields) }
        let entries = fields.node("shape")?.mapping ?? []
        if method.value != .width { check(entries.first { $0.name == "hidden" }, belongsTo: .width, fields) }
        if method.value != .osscar { check(entries.first { $0.name == "kv_heads" }, belongsTo: .osscar, fields) }
    }

    private func check(_ entry: Node.Entry?, belongsTo wanted: PruneMethod, _ fields: Fields) {
        guard method.value != wanted, let entry, !entry.value.isNull else { return }
        fields.report(
            .conflict, "'\(entry.name)' belongs to the method '\(wanted.rawValue)'", at: entry.key.span,
            secondary: [.init(method.span)], help: "write 'method: \(wanted.rawValue)', or give a 'ratio'")
    }
}

extension Field where Value == [Spanned<Double>] {
    /// Shares; a single one needs no brackets.
    static func shares(_ name: String, _ standard: [Double], in range: ClosedRange<Double>, _ documentation: String) -> Field {
        let share = Field<Double>.share(name, in: range, documentation)
        let list = list(of: share, standard: standard, wantsSome: true)
        return Field(
            name, .either([.share(range), .list(.share(range))]), standard: nil, nothing: list.standard,
            spelled: standard.map(\.percentage).joined(separator: ", "), documentation, spell: { _ in nil }, read: list.read)
    }
}
