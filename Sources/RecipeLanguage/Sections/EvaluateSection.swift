import Declarations
import Diagnostics
import Kinds
import Words

/// `evaluate`: what is measured on which sets.
package struct EvaluateSection: Sendable {
    /// Names in the order of the report's columns; `nil` for those that the data have.
    package let sets: Spanned<[Spanned<String>]>?
    /// `nil` for those that the task has by default.
    package let metrics: Spanned<[Spanned<Metric>]>?
    /// Where metrics are written, or would be.
    package let metricsPlace: Place
    /// How answers are found; `nil` for the way that the task has by default.
    package let method: Spanned<AnswerMethod>?
    package let answers: EvalGenerate
    package let likelihoods: EvalLikelihood
    /// Whether the teacher is a row of the report.
    package let teacher: Spanned<Bool>
    package let cost: EvalCost
    package let perplexity: PerplexitySection?
    package let serving: BenchServe
    /// Of a processor core for an hour; `nil` where nobody states one.
    package let corePrice: Spanned<Double?>
    /// `nil` where models are not compared pair by pair.
    package let compare: CompareSection?
    /// What decides between calls and none; `nil` where nobody says it.
    package let threshold: Spanned<CallThreshold>?
    /// Functions by domain; `nil` where none are written.
    package let domains: Spanned<[String: [String]]>?

    enum Definition {
        static let sets = Field.words(
            "sets", of: .either([.choice(RowSet.allCases.map(\.rawValue)), .text]),
            spelled:
                "those of `test`, `phrasing`, `values`, `ood`, `robust` and `data.ingest.sets` that have rows, none of text",
            "The sets that models answer.")
        static let metrics = Field<[Spanned<Metric>]>.choices(
            "metrics", [],
            spelled: "`[ar, exact, flops]`; `[accuracy, macro_f1, flops]` to classify, `[field_f1, exact, flops]` to extract, "
                + "`[normalized, rouge_l, flops]` of text, `[flexible_extract, strict_match, flops]` of numbers, `[acc, acc_norm, flops]` "
                + "to choose, `[auc, mrr, ndcg, flops]` to rank",
            "`ar`: share of answers that the judge accepts; `exact`: identical ones; `length`: tokens of an answer; `flops`: work "
                + "per answer, and apart that of the prompt (`prefill_flops`), that of the answer (`decode_flops`), and what "
                + "`cached_prefix` saves (`cached_flops`); `perplexity`; `loss`: cross entropy of the rows' own answers; "
                + "`latency`; `speed`: tokens per second of one answer, and `qps`: answers per second, measured; `prompt_tokens` "
                + "and `price` of an answer of an endpoint; `no_call`: right answers to rows that want no call; "
                + "`argument_precision`, `argument_recall`, `argument_f1`: the arguments of calls one by one; "
                + "`domain`, `intent`, `slot_f1`, `frame`: calls read as frames; "
                + "docs/tasks.md has those of tasks.")
        static let method = Field<AnswerMethod>.choice(
            "by", spelled: "`generation`; `likelihood` to choose and to rank",
            "How answers are found: a model writes them (`generation`), or its answer is the most probable of those that the row or "
                + "the task names (`likelihood`).")
        static let teacher = Field.flag(
            "teacher", true,
            "Whether the teacher is evaluated too, as a row of the report. One behind an endpoint is asked the evaluated rows, "
                + "within its `max_requests` and `max_cost`.")
        static let perplexity = SectionField("perplexity", PerplexitySection.Definition.mapping)
        static let objective = SectionField(
            "slo",
            MappingDefinition(
                "evaluate.slo", "What an answer under load must keep to count for `goodput`.", BenchServe.fields(of: "slo")))
        static let mapping = MappingDefinition(
            "evaluate", "What is measured on which sets; the same for all variants, but for `constrained`.",
            [sets, metrics, method, teacher, CallThreshold.field] + EvalGenerate.fields() + EvalLikelihood.fields()
                + EvalCost.fields() + [perplexity] + BenchServe.fields() + [objective] + Report.fields()
                + [CompareSection.Definition.field, Field<[String: [String]]>.domains])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.evaluate)
        sets = fields.written(Definition.sets)
        metrics = fields.written(Definition.metrics)
        metricsPlace = metrics?.place ?? fields.standard("metrics", ()).place
        var answers = EvalGenerate.standard
        answers.read(fields)
        self.answers = answers
        method = fields.written(Definition.method)
        teacher = fields[Definition.teacher]
        var likelihoods = EvalLikelihood.standard
        likelihoods.read(fields)
        self.likelihoods = likelihoods
        var cost = EvalCost.standard
        cost.read(fields)
        self.cost = cost
        perplexity = PerplexitySection(reading: fields, references: references)
        var serving = BenchServe.standard
        serving.read(fields)
        serving.read(fields.section(Definition.objective), of: "slo")
        serving.$maxTokens = answers.$maxTokens
        self.serving = serving
        var report = Report.standard
        report.read(fields)
        corePrice = report.$corePrice
        compare = CompareSection(reading: fields, references: references)
        threshold = fields.written(CallThreshold.field)
        domains = fields.written(Field<[String: [String]]>.domains)
        checkDomains(fields)
        for name in ["sets", "metrics"] {
            guard let node = fields.node(name), node.sequence?.isEmpty == true else { continue }
            fields.report(.emptyList("evaluate.\(name)", at: node.span))
        }
        if let wanted = metrics?.value.first(where: { $0.value == .cachedFlops }), fields.node("cached_prefix") == nil {
            fields.report(
                .missingField(
                    "cached_prefix", in: fields.owner, at: wanted.span,
                    help: "add 'cached_prefix: shared', or a number of tokens"))
        }
        if let wanted = metrics?.value.first(where: { $0.value == .perplexity }), fields.node("perplexity") == nil {
            fields.report(
                .missingField(
                    "perplexity", in: fields.owner, at: wanted.span,
                    help: "add 'perplexity: {text: SOURCE}': the text to measure on"))
        }
    }
}

extension EvaluateSection {
    /// Functions by domain where calls are read as frames: as written, else none.
    package var frames: Spanned<[String: [String]]?> {
        if let domains { return domains.map(Optional.some) }
        let asked = metrics?.value.first { $0.value.isOfFrames }
        return Spanned(asked.map { _ in [:] }, at: asked?.place ?? metricsPlace)
    }

    /// Whether the arguments of calls are counted one by one.
    package var countsArguments: Spanned<Bool> {
        let asked = metrics?.value.first { $0.value.isOfArguments }
        return Spanned(asked != nil, at: asked?.place ?? metricsPlace)
    }

    /// A function belongs to one domain, and the metric `domain` wants some.
    private func checkDomains(_ fields: Fields) {
        if domains == nil, fields.node("domains") == nil, let asked = metrics?.value.first(where: { $0.value == .domain }) {
            fields.report(
                .missingField(
                    "domains", in: fields.owner, at: asked.span,
                    help: "add 'domains: {NAME: [FUNCTION, …]}': the functions of each domain"))
        }
        guard let domains else { return }
        var seen: [String: String] = [:]
        for (domain, functions) in domains.value.sorted(by: { $0.key < $1.key }) {
            for function in functions {
                guard let other = seen.updateValue(domain, forKey: function), other != domain else { continue }
                fields.report(
                    .conflict, "'\(Diagnostic.shortened(function))' is in the domains '\(other)' and '\(domain)'",
                    at: domains.span, help: "keep it in one of the two")
            }
        }
    }
}

/// `evaluate.perplexity`: on which text.
package struct PerplexitySection: Sendable {
    /// The source of the text.
    package let text: Spanned<String>
    package let kind: EvalPerplexity

    enum Definition {
        static let text = Field.text("text", required: true, "The source of a plain text.")
        static let mapping = MappingDefinition(
            "evaluate.perplexity", "The text that perplexity is measured on.", [text] + EvalPerplexity.fields())
    }

    init?(reading evaluate: Fields, references: References) {
        guard evaluate.node("perplexity") != nil else { return nil }
        let fields = evaluate.section(EvaluateSection.Definition.perplexity)
        text = fields.requiredReference(Definition.text, among: references)
        var kind = EvalPerplexity.standard
        kind.read(fields)
        self.kind = kind
        if kind.stride > kind.context {
            fields.report(
                .outOfRange("stride", allowed: "at most 'context'", nearest: "\(kind.context)", at: kind.$stride.span))
        }
    }
}

extension DataSection {
    /// Sets of the recipe's own, in the order of writing.
    package var namedSets: [NamedRowSet] { if case .ingest(let ingest) = rows { ingest.sets } else { [] } }

    /// Sets that get rows as the recipe stands, besides the named ones.
    package var setsWithRows: Set<RowSet> {
        var sets: Set<RowSet> = [.train]
        if split.test > 0 { sets.insert(.test) }
        if split.valid > 0 { sets.insert(.valid) }
        if !split.outOfDomain.isEmpty { sets.insert(.ood) }
        switch rows {
        case .generate(let generate):
            if generate.kind.heldOutTemplates > 0 { sets.insert(.phrasing) }
            if generate.kind.heldOutValues > 0 { sets.insert(.values) }
        case .ingest(let ingest):
            if !ingest.test.isEmpty { sets.insert(.test) }
            if !ingest.valid.isEmpty { sets.insert(.valid) }
            if !ingest.ood.isEmpty { sets.insert(.ood) }
        }
        if let augment, augment.rows > 0, sets.contains(.test) { sets.insert(.robust) }
        return sets
    }

    /// The fields that decide whether a set has rows, by the set's name.
    package var placesOfSets: [String: Place] {
        var places = [RowSet.test.rawValue: split.$test.place, RowSet.ood.rawValue: split.$outOfDomain.place]
        if case .generate(let generate) = rows {
            places[RowSet.phrasing.rawValue] = generate.kind.$heldOutTemplates.place
            places[RowSet.values.rawValue] = generate.kind.$heldOutValues.place
        }
        if let augment { places[RowSet.robust.rawValue] = augment.$rows.place }
        for set in namedSets { places[set.name.value] = set.name.place }
        return places
    }

    func advice(for set: RowSet) -> String {
        switch (set, rows) {
        case (.phrasing, .generate): "set 'data.generate.hold_out.templates' above 0%"
        case (.values, .generate): "set 'data.generate.hold_out.values' above 0%"
        case (.phrasing, .ingest), (.values, .ingest): "only generated data hold out templates and values; leave the set out"
        case (.robust, _): "write 'augment: {}' under 'data', with rows in the set 'test'"
        case (.ood, _): "name functions under 'data.split.ood.functions'"
        case (.test, _), (.valid, _), (.train, _): "set 'data.split.\(set.rawValue)' above 0%"
        }
    }
}
