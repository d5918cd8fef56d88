import Diagnostics
import SpannedYAML
import Words

/// `prune`: what is removed, and how the model recovers.
package struct PruneSection: Sendable {

    /// Whom the pruned model learns from.
    package enum Teacher: String, Word {
        /// The recipe's.
        case teacher
        /// The model that it was pruned from; of a gradual pruning the first one.
        case unpruned
    }

    /// How much goes.
    package enum Amount: Sendable {
        /// Shares of all parameters of the unpruned model; several prune gradually, with a recovery after each.
        case ratios(Spanned<[Spanned<Double>]>)
        /// So many layers.
        case layers(Spanned<Int>)
        /// The shape that is left.
        case shape(hidden: Spanned<Int>?, intermediate: Spanned<Int>?, kvHeads: Spanned<Int>?)
    }

    /// Channels that go at once.
    package struct Granularity: Sendable {
        package let hidden: Spanned<Int>
        package let intermediate: Spanned<Int>
    }

    /// Which of the shapes near a ratio is taken (`width`).
    package struct Search: Sendable {
        package let tolerance: Spanned<Double>
        package let samples: Spanned<Int>
    }

    package let method: Spanned<PruneMethod>
    package let amount: Amount
    package let granularity: Granularity
    package let search: Search
    /// Share of the mean diagonal of H that is added to it (`osscar`).
    package let damping: Spanned<Double>
    /// Calibration rows, and the set that they are taken from.
    package let samples: Spanned<Int>
    package let data: Spanned<RowSet>
    /// `nil` where the pruned model is left as it is.
    package let recover: Transfer?
    package let teacher: Spanned<Teacher>

    enum Definition {
        static let method = Field.choice(
            "method", PruneMethod.depth,
            "`depth` removes layers, `width` channels, `osscar` neurons and heads by reconstruction, `magnitude` and "
                + "`activation` the neurons with the smallest weights or activations.")
        static let ratio = Field<[Spanned<Double>]>.shares(
            "ratio", [0.20], in: 0...0.9,
            "Share of all parameters to remove; a rising list prunes gradually, recovering after each. In a matrix, where a "
                + "list makes variants, that is a list within it.")
        static let layers = Field.integer("layers", nil, in: 1...255, "Layers to remove, instead of a ratio (`depth`).")
        static let hidden = Field.integer(
            "hidden", nil, in: 8...16_384, "Width that is left, less by a multiple of `granularity.hidden` (`width`).")
        static let intermediate = Field.integer(
            "intermediate", nil, in: 8...65_536,
            "Feed-forward width that is left, less by a multiple of `granularity.intermediate`.")
        static let kvHeads = Field.integer(
            "kv_heads", nil, in: 1...256, "Key/value heads that are left, each with the query heads that it serves (`osscar`).")
        static let shape = SectionField(
            "shape",
            MappingDefinition(
                "prune.shape", "The shape that is left, instead of a ratio (all methods but `depth`).",
                [hidden, intermediate, kvHeads]))
        static let hiddenStep = Field.integer("hidden", 64, in: 1...16_384, "Embedding channels (`width`).")
        static let intermediateStep = Field.integer(
            "intermediate", nil, in: 1...65_536, spelled: "`256` for `width`, else `32`", "Neurons of a layer.")
        static let granularity = SectionField(
            "granularity",
            MappingDefinition(
                "prune.granularity", "How many channels go at once; smaller models want smaller steps.",
                [hiddenStep, intermediateStep]))
        static let tolerance = Field.share(
            "tolerance", 0.02, in: 0...0.5, "How far from the ratio a shape's share of removed parameters may lie.")
        static let searchSamples = Field.integer(
            "samples", 64, in: 1...100_000, "Calibration rows that each shape's perplexity is measured on.")
        static let search = SectionField(
            "search",
            MappingDefinition(
                "prune.search", "With `width` and a ratio, every shape that comes near is tried; the lowest perplexity wins.",
                [tolerance, searchSamples]))
        static let damping = Field.share(
            "damping", 0.01, in: 0...1, "What is added to the diagonal of `osscar`'s matrices, a share of its mean.")
        static let samples = Field.integer("samples", 256, in: 1...100_000, "Rows that importance is measured on.")
        static let data = Field.choice("data", RowSet.train, "The set that these rows are taken from.")
        static let teacher = Field.choice(
            "teacher", Teacher.teacher, "Whom it learns from meanwhile: the recipe's teacher, or the model before pruning.")
        static let mapping = MappingDefinition(
            "prune", "What is removed, and how the model recovers.", mayBeNone: true,
            [method, ratio, layers, shape, granularity, search, damping, samples, data, Transfer.Definition.recover, teacher])
    }

    /// `nil` where the recipe prunes nothing: no `prune`, `prune: none`, or a ratio of 0%.
    init?(reading recipe: Fields) {
        guard let fields = recipe.optionalSection(Pipeline.Definition.prune) else { return nil }
        method = fields[Definition.method]
        amount = Self.amount(fields)
        granularity = Self.granularity(fields, method.value)
        let searching = fields.section(Definition.search)
        search = Search(tolerance: searching[Definition.tolerance], samples: searching[Definition.searchSamples])
        damping = fields[Definition.damping]
        samples = fields[Definition.samples]
        data = fields[Definition.data]
        recover =
            fields.node("recover")?.scalar?.text == "none"
            ? nil : Transfer(reading: Transfer.Definition.recover, in: fields, .recovery)
        teacher = fields[Definition.teacher]
        checkMethod(fields)
        if case .ratios(let ratios) = amount, ratios.value.allSatisfy({ $0.value == 0 }) { return nil }
    }

    private static func amount(_ fields: Fields) -> Amount {
        let written = ["ratio", "layers", "shape"].compactMap(fields.entry).filter { !$0.value.isNull }
        if let first = written.first, let second = written.dropFirst().first {
            fields.report(
                Diagnostic(
                    .conflict, "'prune' has both '\(first.name)' and '\(second.name)'", at: second.key.span,
                    secondary: [.init(first.key.span)], help: "keep one of the two"))
        }
        if let layers = fields.written(Definition.layers) { return .layers(layers) }
        if fields.node("shape") != nil {
            let shape = fields.section(Definition.shape)
            if shape.entries.isEmpty {
                fields.report(
                    .missingField(
                        "hidden", in: shape.owner, at: shape.anchor,
                        help: "name 'hidden', 'intermediate', 'kv_heads' or several")
                )
            }
            return .shape(
                hidden: shape.written(Definition.hidden), intermediate: shape.written(Definition.intermediate),
                kvHeads: shape.written(Definition.kvHeads))
        }
        let standard = [fields.standard("ratio", 0.20)]
        let ratios = fields.written(Definition.ratio) ?? fields.standard("ratio", standard)
        checkRising(ratios, fields)
        return .ratios(ratios)
    }

    private static func checkRising(_ ratios: Spanned<[Spanned<Double>]>, _ fields: Fields) {
        for (earlier, later) in zip(ratios.value, ratios.value.dropFirst()) where later.value <= earlier.value {
            fields.report(
                Diagnostic(
                    .outOfRange, "each ratio of a gradual pruning must be above the one before", at: later.span,
                    label: "not above \(earlier.value.percentage)", secondary: [.init(earlier.span)],
                    help: "ratios count from the unpruned model: write them in rising order"))
        }
    }

    private static func granularity(_ fields: Fields, _ method: PruneMethod) -> Granularity {
        let steps = fields.section(Definition.granularity)
        return Granularity(
            hidden: steps[Definition.hiddenStep],
            intermediate: steps.value(Definition.intermediateStep, default: method.intermediateStep))
    }

    /// An amount that only other methods have. Settings of other methods are let be: a matrix may vary the method.
    private func checkMethod(_ fields: Fields) {
        switch amount {
        case .layers: check(fields.entry("layers"), belongsTo: .depth, fields)
        case .shape where method.value == .depth: check(fields.entry("shape"), belongsTo: .width, fields)
        case .shape:
            let entries = fields.node("shape")?.mapping ?? []
            if method.value != .width { check(entries.first { $0.name == "hidden" }, belongsTo: .width, fields) }
            if method.value != .osscar { check(entries.first { $0.name == "kv_heads" }, belongsTo: .osscar, fields) }
        case .ratios: break
        }
    }

    private func check(_ entry: Node.Entry?, belongsTo wanted: PruneMethod, _ fields: Fields) {
        guard method.value != wanted, let entry, !entry.value.isNull else { return }
        fields.report(
            Diagnostic(
                .conflict, "'\(entry.name)' belongs to the method '\(wanted.rawValue)'", at: entry.key.span,
                secondary: [.init(method.span)], help: "write 'method: \(wanted.rawValue)', or give a 'ratio'"))
    }
}

extension PruneMethod {
    /// Channels that go at once where the recipe does not say (for `width`: From Large to Super-Tiny, appendix H).
    var intermediateStep: Int { self == .width ? 256 : 32 }
}

extension Field where Value == [Spanned<Double>] {
    /// Shares; a single one needs no brackets.
    static func shares(_ name: String, _ standard: [Double], in range: ClosedRange<Double>, _ documentation: String) -> Field {
        Field(
            name, .either([.share(range), .list(.share(range))]), standard: [],
            spelled: standard.map(\.percentage).joined(separator: ", "), documentation
        ) { node, place in
            let elements = node.sequence ?? [node]
            if elements.isEmpty { place.report(.emptyList(place.field, at: node.span)) }
            let values = elements.compactMap { element in
                quantity(
                    element, place, in: range, wants: "a share such as 20% or 0.2", parse: Quantity.number,
                    spelled: { $0.percentage }
                ).map { Spanned($0, at: element.span, field: place.field) }
            }
            return values.count == elements.count && !values.isEmpty ? values : nil
        }
    }
}
