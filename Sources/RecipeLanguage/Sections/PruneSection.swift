import Diagnostics
import SpannedYAML

/// `prune`: what is removed, and how the model recovers.
public struct PruneSection: Sendable {
    public enum Method: String, CaseIterable, Sendable {
        /// Whole layers.
        case depth
        /// Embedding and intermediate channels.
        case width
        /// Neurons and heads by layer-wise reconstruction.
        case osscar
    }

    /// How much goes.
    public enum Amount: Sendable {
        /// Shares of all parameters of the unpruned model; several prune gradually, with a recovery after each.
        case ratios(Spanned<[Spanned<Double>]>)
        /// So many layers.
        case layers(Spanned<Int>)
        /// The shape that is left.
        case shape(hidden: Spanned<Int>?, intermediate: Spanned<Int>?)
    }

    public let method: Spanned<Method>
    public let amount: Amount
    /// Calibration rows, and the set that they are taken from.
    public let samples: Spanned<Int>
    public let data: Spanned<RowSet>
    /// `nil` where the pruned model is left as it is.
    public let recover: Transfer?

    enum Definition {
        static let method = Field.choice(
            "method", Method.depth, "`depth` removes layers, `width` channels, `osscar` neurons and heads by reconstruction.")
        static let ratio = Field<[Spanned<Double>]>.shares(
            "ratio", [0.20], in: 0...0.9,
            "Share of all parameters to remove; a rising list prunes gradually, recovering after each.")
        static let layers = Field.integer("layers", nil, in: 1...255, "Layers to remove, instead of a ratio (`depth`).")
        static let hidden = Field.integer("hidden", nil, in: 8...16_384, "Width that is left, a multiple of 64.")
        static let intermediate = Field.integer(
            "intermediate", nil, in: 8...65_536, "Feed-forward width that is left, a multiple of 256.")
        static let shape = SectionField(
            "shape",
            MappingDefinition("prune.shape", "The shape that is left, instead of a ratio (`width`).", [hidden, intermediate]))
        static let samples = Field.integer("samples", 256, in: 1...100_000, "Rows that importance is measured on.")
        static let data = Field.choice("data", RowSet.train, "The set that these rows are taken from.")
        static let mapping = MappingDefinition(
            "prune", "What is removed, and how the model recovers.", mayBeNone: true,
            [method, ratio, layers, shape, samples, data, Transfer.Definition.recover])
    }

    /// `nil` where the recipe prunes nothing: no `prune`, `prune: none`, or a ratio of 0%.
    init?(reading recipe: Fields) {
        guard let fields = recipe.optionalSection(Pipeline.Definition.prune) else { return nil }
        method = fields[Definition.method]
        amount = Self.amount(fields)
        samples = fields[Definition.samples]
        data = fields[Definition.data]
        recover =
            fields.node("recover")?.scalar?.text == "none"
            ? nil : Transfer(reading: Transfer.Definition.recover, in: fields, .recovery)
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
                    .missingField("hidden", in: shape.owner, at: shape.anchor, help: "name 'hidden', 'intermediate' or both"))
            }
            return .shape(hidden: shape.written(Definition.hidden), intermediate: shape.written(Definition.intermediate))
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

    private func checkMethod(_ fields: Fields) {
        let place: (name: String, wanted: Method)? =
            switch amount {
            case .layers: ("layers", .depth)
            case .shape: ("shape", .width)
            case .ratios: nil
            }
        guard let place, method.value != place.wanted, let entry = fields.entry(place.name) else { return }
        fields.report(
            Diagnostic(
                .conflict, "'\(place.name)' belongs to the method '\(place.wanted.rawValue)'", at: entry.key.span,
                secondary: [.init(method.span)], help: "write 'method: \(place.wanted.rawValue)', or give a 'ratio'"))
    }
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
