import Diagnostics
import Words

/// `evaluate`: what is measured on which sets.
package struct EvaluateSection: Sendable {
    package enum Metric: String, Word {
        /// Share of rows that the judge accepts.
        case ar
        case exact
        /// Tokens of an answer.
        case length
        case flops
        case perplexity
        case latency
        /// Tokens a second of one answer.
        case speed
    }

    /// Names in the order of the report's columns; `nil` for those that the data have.
    package let sets: Spanned<[Spanned<String>]>?
    package let metrics: Spanned<[Spanned<Metric>]>
    /// New tokens per answer at most.
    package let maxTokens: Spanned<Int>
    /// Whether answers are held to calls of the candidate functions.
    package let constrained: Spanned<Bool>
    package let perplexity: PerplexitySection?
    /// Concurrent clients of the serving benchmark.
    package let clients: Spanned<[Spanned<Int>]>

    enum Definition {
        static let sets = Field.words(
            "sets", of: .either([.choice(RowSet.allCases.map(\.rawValue)), .text]),
            spelled: "those of `test`, `phrasing`, `values`, `ood` and `data.ingest.sets` that have rows, none of text",
            "The sets that models answer.")
        static let metrics = Field<[Spanned<Metric>]>.choices(
            "metrics", [.ar, .exact, .flops],
            "`ar`: share of answers that the judge accepts; `exact`: identical ones; `length`: tokens of an answer; `flops`: work "
                + "per answer; `perplexity`; `latency`; `speed`: tokens per second of one answer, measured.")
        static let maxTokens = Field.integer(
            "max_tokens", 64, in: 1...4096, spelled: "`64`; `192` with reasoning", "New tokens per answer at most.")
        static let constrained = Field.flag(
            "constrained", false, "Whether models can answer nothing but calls that fit the functions' schemas.")
        static let perplexity = SectionField("perplexity", PerplexitySection.Definition.mapping)
        static let clients = Field<[Spanned<Int>]>.counts(
            "clients", [1, 8, 16, 32, 64, 128], in: 1...1024, "Concurrent clients that `latency` is measured with.")
        static let mapping = MappingDefinition(
            "evaluate", "What is measured on which sets; the same for all variants.",
            [sets, metrics, maxTokens, constrained, perplexity, clients])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.evaluate)
        sets = fields.written(Definition.sets)
        let standard = [Metric.ar, .exact, .flops].map { fields.standard("metrics", $0) }
        metrics = fields.value(Definition.metrics, default: standard)
        maxTokens = fields[Definition.maxTokens]
        constrained = fields[Definition.constrained]
        perplexity = PerplexitySection(reading: fields, references: references)
        clients = fields.value(Definition.clients, default: [1, 8, 16, 32, 64, 128].map { fields.standard("clients", $0) })
        for name in ["sets", "metrics"] {
            guard let node = fields.node(name), node.sequence?.isEmpty == true else { continue }
            fields.report(.emptyList("evaluate.\(name)", at: node.span))
        }
        if let wanted = metrics.value.first(where: { $0.value == .perplexity }), fields.node("perplexity") == nil {
            fields.report(
                .missingField(
                    "perplexity", in: fields.owner, at: wanted.span,
                    help: "add 'perplexity: {text: SOURCE}': the text to measure on"))
        }
    }
}

/// `evaluate.perplexity`: on which text.
package struct PerplexitySection: Sendable {
    /// The source of the text.
    package let text: Spanned<String>
    /// Tokens.
    package let stride: Spanned<Int>
    package let context: Spanned<Int>
    /// Of the text at most; `nil` for all.
    package let tokens: Spanned<Int>?

    enum Definition {
        static let text = Field.text("text", required: true, "The source of a plain text.")
        static let stride = Field.integer("stride", 256, in: 1...65_536, "Tokens between the starts of two windows.")
        static let context = Field.integer("context", 512, in: 2...65_536, "Tokens of a window.")
        static let tokens = Field.integer(
            "tokens", nil, in: 2...1_000_000_000, "Tokens of the text that are read at most, from its beginning.")
        static let mapping = MappingDefinition(
            "evaluate.perplexity", "The text that perplexity is measured on.", [text, stride, context, tokens])
    }

    init?(reading evaluate: Fields, references: References) {
        guard evaluate.node("perplexity") != nil else { return nil }
        let fields = evaluate.section(EvaluateSection.Definition.perplexity)
        text = fields.requiredReference(Definition.text, among: references)
        stride = fields[Definition.stride]
        context = fields[Definition.context]
        tokens = fields.written(Definition.tokens)
        if stride.value > context.value {
            fields.report(.outOfRange("stride", allowed: "at most 'context'", nearest: "\(context.value)", at: stride.span))
        }
    }
}

extension Field where Value == [Spanned<Int>] {
    /// Whole numbers; a single one needs no brackets.
    static func counts(_ name: String, _ standard: [Int], in range: ClosedRange<Int>, _ documentation: String) -> Field {
        Field(
            name, .list(.integer(range)), standard: [],
            spelled: "[\(standard.map(String.init).joined(separator: ", "))]", documentation
        ) { node, place in
            (node.sequence ?? [node]).compactMap { element in
                quantity(
                    element, place, in: range, wants: "a whole number", parse: Quantity.integer, spelled: String.init
                ).map { Spanned($0, at: element.span, field: place.field) }
            }
        }
    }
}

extension DataSection {
    /// Sets of the recipe's own, in the order of writing.
    package var namedSets: [NamedRowSet] { if case .ingest(let ingest) = rows { ingest.sets } else { [] } }

    /// Sets that get rows as the recipe stands, besides the named ones.
    package var setsWithRows: Set<RowSet> {
        var sets: Set<RowSet> = [.train]
        if split.test.value > 0 { sets.insert(.test) }
        if split.valid.value > 0 { sets.insert(.valid) }
        if !split.outOfDomain.value.isEmpty { sets.insert(.ood) }
        switch rows {
        case .generate(let generate):
            if generate.heldOutTemplates.value > 0 { sets.insert(.phrasing) }
            if generate.heldOutValues.value > 0 { sets.insert(.values) }
        case .ingest(let ingest):
            if !ingest.test.isEmpty { sets.insert(.test) }
        }
        return sets
    }

    func advice(for set: RowSet) -> String {
        switch (set, rows) {
        case (.phrasing, .generate): "set 'data.generate.hold_out.templates' above 0%"
        case (.values, .generate): "set 'data.generate.hold_out.values' above 0%"
        case (.phrasing, .ingest), (.values, .ingest): "only generated data hold out templates and values; leave the set out"
        case (.ood, _): "name functions under 'data.split.ood.functions'"
        case (.test, _), (.valid, _), (.train, _): "set 'data.split.\(set.rawValue)' above 0%"
        }
    }
}
