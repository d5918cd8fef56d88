import CanonicalJSON
import Engine
import Kinds

/// A figure of a model that reports, comparisons and model cards know. Each is declared once, in `all`.
package struct Metric: Hashable, Sendable {
    /// As recipes and a report's rows call it.
    package let name: String
    package let heading: String
    let source: Source
    let direction: Direction
    /// In tables.
    let format: Format
    /// Where two values are compared: with more digits.
    let comparison: Format
    /// What the Hugging Face hub calls it; `nil` where it has no word for it.
    package let hubName: HubName?

    /// Where a figure stands among the inputs of `report`.
    enum Source: Hashable, Sendable {
        /// In a file of the model: the input is `input.<i>` for the i-th row. What `isAlwaysShown` needs no word in a recipe.
        case model(input: String, File<JSON>, path: [String], isAlwaysShown: Bool = false)
        /// In a file that has the figure of each set under `sets`, the model's is that of the first one. What `isAlwaysRead` is in
        /// every report.
        case firstSet(input: String, File<JSON>, member: String, isAlwaysRead: Bool = false)
        /// The member of each set's scores, or of its loss: one figure for each set.
        case set(member: String)
    }

    enum Direction: Hashable, Sendable {
        case higherIsBetter
        case lowerIsBetter
    }

    package struct HubName: Hashable, Sendable {
        package let type: String
        package let name: String
    }

    /// How a figure is written: scaled, with so many decimal places, before its unit.
    package struct Format: Hashable, Sendable {
        var places: Int
        var factor = 1.0
        var divisor = 1.0
        var unit = ""

        static let share = Format(places: 1, factor: 100)

        /// Without the unit.
        func number(_ value: Double) -> String { Self.decimal(value * factor / divisor, places: places) }

        package func text(_ value: Double) -> String { number(value) + unit }

        /// A number with a fixed number of decimal places.
        static func decimal(_ value: Double, places: Int) -> String {
            var scale = 1.0
            for _ in 0..<places { scale *= 10 }
            let scaled = (abs(value) * scale).rounded()
            // Figures of a received report may be anything.
            guard scaled < 1e18 else { return String(describing: value) }
            let digits = String(Int(scaled))
            let sign = value < 0 && scaled > 0 ? "-" : ""
            guard places > 0 else { return sign + digits }
            let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
            return sign + padded.dropLast(places) + "." + padded.suffix(places)
        }
    }
}

extension Metric {
    /// The share of right answers to rows that want no call, which tables show beside `ar`.
    static let noCall = "no_call"

    /// In the order of a table's columns, the model's before the sets'.
    package static let all = [
        Metric(
            "parameters", .model(input: "cost", EvalCost.cost, path: ["parameters", "total"], isAlwaysShown: true),
            .lowerIsBetter, Format(places: 3, divisor: 1e6, unit: " M"), comparison: Format(places: 0)),
        Metric(
            "bytes", heading: "size", .model(input: "cost", EvalCost.cost, path: ["bytes"], isAlwaysShown: true),
            .lowerIsBetter, Format(places: 0, divisor: 1024, unit: " KiB"),
            comparison: Format(places: 1, divisor: 1024, unit: " KiB")),
        Metric(
            "flops", heading: "MFLOPs/answer",
            .firstSet(input: "cost", EvalCost.cost, member: "flops", isAlwaysRead: true), .lowerIsBetter,
            Format(places: 1, divisor: 1e6), comparison: Format(places: 2, divisor: 1e6, unit: " M")),
        Metric(
            "prefill_flops", heading: "MFLOPs/prompt", .firstSet(input: "cost", EvalCost.cost, member: "prefill_flops"),
            .lowerIsBetter, Format(places: 1, divisor: 1e6), comparison: Format(places: 2, divisor: 1e6, unit: " M")),
        Metric(
            "cached_flops", heading: "MFLOPs cached", .firstSet(input: "cost", EvalCost.cost, member: "cached_flops"),
            .higherIsBetter, Format(places: 1, divisor: 1e6), comparison: Format(places: 2, divisor: 1e6, unit: " M")),
        Metric(
            "decode_flops", heading: "MFLOPs decoding", .firstSet(input: "cost", EvalCost.cost, member: "decode_flops"),
            .lowerIsBetter, Format(places: 1, divisor: 1e6), comparison: Format(places: 2, divisor: 1e6, unit: " M")),
        Metric(
            "speed", heading: "tokens/s", .model(input: "speed", BenchDecode.speed, path: ["tokens_per_second"]),
            .higherIsBetter, Format(places: 0)),
        Metric(
            "prompt_tokens", heading: "prompt tokens", .model(input: "price", EndpointCost.price, path: ["prompt_tokens"]),
            .lowerIsBetter, Format(places: 1)),
        Metric(
            "price", heading: "price/1k answers", .model(input: "price", EndpointCost.price, path: ["price"]), .lowerIsBetter,
            Format(places: 3, factor: 1000), comparison: Format(places: 6)),
        Metric(
            "qps", heading: "queries/s", .model(input: "queries", BenchQueries.queries, path: ["queries_per_second"]),
            .higherIsBetter, Format(places: 1)),
        Metric(
            "latency", .model(input: "serving", BenchServe.serving, path: ["latency"]), .lowerIsBetter,
            Format(places: 1, factor: 1000, unit: " ms"), comparison: Format(places: 2, factor: 1000, unit: " ms")),
        Metric(
            "perplexity", .model(input: "perplexity", EvalPerplexity.perplexity, path: ["perplexity"]), .lowerIsBetter,
            Format(places: 3)),
        Metric(
            "ar", heading: "AR", .set(member: "ar"), .higherIsBetter, .share,
            hubName: HubName(type: "accuracy", name: "answers accepted by the judge")),
        Metric(
            "exact", .set(member: "exact"), .higherIsBetter, .share,
            hubName: HubName(type: "exact_match", name: "exact match")),
        Metric(
            noCall, heading: "no call", .set(member: "no_call_ar"), .higherIsBetter, .share,
            hubName: HubName(type: "accuracy", name: "no call where none is wanted")),
        Metric(
            "argument_precision", heading: "argument precision", .set(member: "argument_precision"), .higherIsBetter, .share,
            hubName: HubName(type: "precision", name: "precision over arguments of calls")),
        Metric(
            "argument_recall", heading: "argument recall", .set(member: "argument_recall"), .higherIsBetter, .share,
            hubName: HubName(type: "recall", name: "recall over arguments of calls")),
        Metric(
            "argument_f1", heading: "argument F1", .set(member: "argument_f1"), .higherIsBetter, .share,
            hubName: HubName(type: "f1", name: "F1 over arguments of calls")),
        Metric(
            "domain", .set(member: "domain"), .higherIsBetter, .share, hubName: HubName(type: "accuracy", name: "domain")),
        Metric(
            "intent", .set(member: "intent"), .higherIsBetter, .share, hubName: HubName(type: "accuracy", name: "intent")),
        Metric(
            "slot_f1", heading: "slot F1", .set(member: "slot_f1"), .higherIsBetter, .share,
            hubName: HubName(type: "f1", name: "F1 over slots with values")),
        Metric(
            "frame", .set(member: "frame"), .higherIsBetter, .share,
            hubName: HubName(type: "exact_match", name: "domain, intent and all slots")),
        Metric(
            "accuracy", .set(member: "accuracy"), .higherIsBetter, .share,
            hubName: HubName(type: "accuracy", name: "accuracy")),
        Metric(
            "macro_f1", heading: "macro-F1", .set(member: "macro_f1"), .higherIsBetter, .share,
            hubName: HubName(type: "f1", name: "macro-averaged F1")),
        Metric(
            "field_precision", heading: "field precision", .set(member: "field_precision"), .higherIsBetter, .share,
            hubName: HubName(type: "precision", name: "precision over pairs of field and value")),
        Metric(
            "field_recall", heading: "field recall", .set(member: "field_recall"), .higherIsBetter, .share,
            hubName: HubName(type: "recall", name: "recall over pairs of field and value")),
        Metric(
            "field_f1", heading: "field F1", .set(member: "field_f1"), .higherIsBetter, .share,
            hubName: HubName(type: "f1", name: "F1 over pairs of field and value")),
        Metric(
            "normalized", .set(member: "normalized"), .higherIsBetter, .share,
            hubName: HubName(type: "exact_match", name: "exact match of normalized texts")),
        Metric(
            "token_f1", heading: "token F1", .set(member: "token_f1"), .higherIsBetter, .share,
            hubName: HubName(type: "f1", name: "F1 over words of normalized texts")),
        Metric(
            "rouge_l", heading: "ROUGE-L", .set(member: "rouge_l"), .higherIsBetter, .share,
            hubName: HubName(type: "rouge", name: "ROUGE-L")),
        Metric(
            "strict_match", heading: "strict", .set(member: "strict_match"), .higherIsBetter, .share,
            hubName: HubName(type: "exact_match", name: "number after ####")),
        Metric(
            "flexible_extract", heading: "flexible", .set(member: "flexible_extract"), .higherIsBetter, .share,
            hubName: HubName(type: "exact_match", name: "last number")),
        Metric(
            "acc", .set(member: "acc"), .higherIsBetter, .share, hubName: HubName(type: "accuracy", name: "acc")),
        Metric(
            "acc_norm", .set(member: "acc_norm"), .higherIsBetter, .share,
            hubName: HubName(type: "accuracy", name: "acc_norm")),
        Metric(
            "acc_bytes", .set(member: "acc_bytes"), .higherIsBetter, .share,
            hubName: HubName(type: "accuracy", name: "acc_bytes")),
        Metric(
            "greedy", .set(member: "greedy"), .higherIsBetter, .share,
            hubName: HubName(type: "exact_match", name: "right option as greedy continuation")),
        Metric(
            "auc", heading: "AUC", .set(member: "auc"), .higherIsBetter, .share,
            hubName: HubName(type: "roc_auc", name: "area under the ROC curve")),
        Metric(
            "mrr", heading: "MRR", .set(member: "mrr"), .higherIsBetter, .share,
            hubName: HubName(type: "mrr", name: "mean reciprocal rank")),
        Metric(
            "ndcg", heading: "nDCG@\(RankTask.cut)", .set(member: "ndcg"), .higherIsBetter, .share,
            hubName: HubName(type: "ndcg", name: "nDCG@\(RankTask.cut)")),
        Metric(
            "pairs", .set(member: "pairs"), .higherIsBetter, .share,
            hubName: HubName(type: "accuracy", name: "pairs in the right order")),
        Metric("loss", .set(member: "loss"), .lowerIsBetter, Format(places: 4), comparison: Format(places: 4)),
        Metric("length", heading: "tokens", .set(member: "response_tokens_mean"), .lowerIsBetter, Format(places: 1)),
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    package static func named(_ name: String) -> Metric? { byName[name] }

    /// - Parameters:
    ///   - heading: the name where it is left out.
    ///   - comparison: with three decimal places where it is left out; shares are written as in tables.
    init(
        _ name: String, heading: String? = nil, _ source: Source, _ direction: Direction, _ format: Format,
        comparison: Format? = nil, hubName: HubName? = nil
    ) {
        self.name = name
        self.heading = heading ?? name
        (self.source, self.direction, self.format) = (source, direction, format)
        self.comparison = comparison ?? (format == .share ? .share : Format(places: 3))
        self.hubName = hubName
    }

    package var isOfSets: Bool { if case .set = source { true } else { false } }

    var isAlwaysShown: Bool { if case .model(_, _, _, let isAlwaysShown) = source { isAlwaysShown } else { false } }

    /// The figure in a report's row.
    ///
    /// - Parameter set: where the metric has a figure for each.
    package func figure(in row: JSON, on set: String?) -> Double? {
        guard case .set(let member) = source else { return row[name]?.double }
        return set.flatMap { row["sets"]?[$0]?[member]?.double }
    }

    /// For people who compare two values, or read their difference: shares in percent, a difference of them in points.
    ///
    /// - Parameter name: of a metric, or of a figure that only another version knows.
    package static func comparisonText(_ value: Double, of name: String, isDifference: Bool = false) -> String {
        let format = named(name)?.comparison ?? Format(places: 3)
        return format.text(value) + (format == .share ? (isDifference ? " points" : " %") : "")
    }
}
