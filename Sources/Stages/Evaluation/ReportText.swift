import CanonicalJSON
import Engine

/// A report for people: the table of metrics, then their details.
package struct ReportText: Sendable {
    /// A report names so many confusions of a model, at most.
    static let confusions = 10

    private let metrics: ReportTable
    /// `nil` where no seeds vary.
    private let runs: TextTable?
    private let answers: TextTable
    private let confused: TextTable
    private let areFunctions: Bool
    private let agreement: TextTable
    private let comparisons: TextTable
    private let serving: ServingTables

    package init(_ report: JSON) {
        metrics = ReportTable(report)
        runs = report["over_seeds"].map { _ in ReportTable.ofEachRun(report).table }
        let sets = (report["sets"]?.array ?? []).compactMap(\.string)
        let rows = (report["over_seeds"] ?? report["rows"])?.array ?? []
        let scored = rows.flatMap { row in
            sets.compactMap { set in row["sets"]?[set].map { (model: row["name"]?.string ?? "", set: set, scores: $0) } }
        }
        answers = TextTable(
            headings: ["model", "set", "calls", "AR", "exact", "no calls", "AR", "exact", "tokens"],
            lines: scored.filter { $0.scores["call_rows"] != nil }.map { model, set, scores in
                [model, set] + Self.share("call", scores) + Self.share("no_call", scores) + [Self.length(scores)]
            }, words: 2)
        areFunctions = scored.contains { $0.scores["call_rows"] != nil }
        confused = TextTable(
            headings: ["model", "set", "wanted", areFunctions ? "called" : "given", "times"],
            lines: rows.flatMap { row in (row["confusions"]?.array ?? []).map { Self.confusion($0, of: row) } }, words: 4)
        agreement = TextTable(
            headings: ["model", "set", "answers", "judge", "ast", "agreement", "κ"],
            lines: scored.compactMap { model, set, scores in
                scores["agreement"].map { [model, set] + Self.agreement($0, judge: scores["ar"]?.double) }
            }, words: 2)
        comparisons = TextTable(
            headings: ["model", "set"] + ComparisonText.headings,
            lines: rows.flatMap { row in
                sets.compactMap { set in
                    row["comparison"]?[set].map { [row["name"]?.string ?? "", set] + ComparisonText.cells(of: $0) }
                }
            }, words: 2)
        let asked = (report["metrics"]?.array ?? []).compactMap(\.string)
        serving = ServingTables(rows, quality: ServingTables.quality(among: asked, sets: sets))
    }

    /// The number of answers, the shares that the judge and `ast` accept, that on which they agree, and Cohen's κ.
    ///
    /// - Parameter judge: the share that the judge accepts.
    private static func agreement(_ agreement: JSON, judge: Double?) -> [String] {
        let (compared, share) = (agreement["compared"]?.double ?? 0, agreement["share"]?.double)
        let alone = agreement["accepted_by_model_alone"]?.double ?? 0
        let astAlone = agreement["accepted_by_ast_alone"]?.double ?? 0
        let both = judge.map { $0 * compared - alone }
        let ast = both.flatMap { compared > 0 ? ($0 + astAlone) / compared : nil }
        return [
            Metric.Format(places: 0).text(compared), ReportTable.percentage(judge), ReportTable.percentage(ast),
            ReportTable.percentage(share), kappa(judge, ast, share),
        ]
    }

    private static func kappa(_ judge: Double?, _ ast: Double?, _ share: Double?) -> String {
        guard let judge, let ast, let share, let kappa = AgreementCounts.kappa(share: share, judge, ast) else { return "–" }
        return Metric.Format.decimal(kappa, places: 3)
    }

    /// The number of rows of a kind, AR and exact match.
    private static func share(_ kind: String, _ scores: JSON) -> [String] {
        [
            String(scores[kind + "_rows"]?.integer ?? 0), ReportTable.percentage(scores[kind + "_ar"]?.double),
            ReportTable.percentage(scores[kind + "_exact"]?.double),
        ]
    }

    private static func confusion(_ confusion: JSON, of row: JSON) -> [String] {
        let words = [row["name"], confusion["set"], confusion["wanted"], confusion["called"]].map { $0?.string ?? "" }
        return words + [String(confusion["times"]?.integer ?? 0)]
    }

    private static func length(_ scores: JSON) -> String {
        let places = Metric.Format(places: 1)
        let (mean, deviation) = (scores["response_tokens_mean"]?.double, scores["response_tokens_deviation"]?.double)
        return "\(places.text(mean ?? 0)) ± \(places.text(deviation ?? 0))"
    }

    private var details: [(title: String, table: TextTable)] {
        let tables: [(title: String, table: TextTable?)] = [
            ("Each run", runs),
            ("Rows that want calls, rows that want none, and how long answers are", answers),
            (
                areFunctions ? "Functions most often called in place of others" : "Labels most often given in place of others",
                confused
            ),
            ("What the judge accepts, what the rules of ast accept, and how often they say the same", agreement),
            ("Wins, ties and losses against the model that is compared with", comparisons),
        ]
        let shown: [(title: String, table: TextTable)] = tables.compactMap { title, table in
            table.flatMap { $0.lines.isEmpty ? nil : (title, $0) }
        }
        return shown + serving.tables
    }

    package var text: String { details.reduce(metrics.text) { $0 + "\n\($1.title)\n\n\($1.table.text)" } }

    package var markdown: String { details.reduce(metrics.markdown) { $0 + "\n\($1.title):\n\n\($1.table.markdown)" } }
}

/// What an evaluation says of each function: rows, AR and exact match, and what was called in its place; of each label or
/// field: rows, precision, recall and F1, and which label was given in its place.
package struct ConfusionText: Sendable {
    /// Functions named in place of a wanted one, at most.
    private static let mostNamed = 3

    private let tables: [(set: String, table: TextTable)]

    /// - Parameter confusion: `confusion.json` of `eval.score`.
    package init(_ confusion: JSON) {
        tables = (confusion["sets"] ?? [:]).sortedMembers.map { set, entry in
            let isOfFunctions = entry["functions"] != nil
            let parts = entry["functions"] ?? entry["labels"] ?? entry["fields"] ?? [:]
            let figures = isOfFunctions ? ["ar", "exact"] : ["precision", "recall", "f1"]
            let lines = parts.sortedMembers.map { name, shares in
                [name, Self.confused(name, Self.table(of: entry)[name] ?? [:]), String(shares["rows"]?.integer ?? 0)]
                    + figures.map { ReportTable.percentage(shares[$0]?.double) }
            }
            let headings =
                isOfFunctions
                ? ["called instead", "rows", "AR", "exact"] : ["given instead", "rows", "precision", "recall", "F1"]
            return (set, TextTable(headings: ["\(set): wanted"] + headings, lines: lines, words: 2))
        }
    }

    /// How often each was answered in place of each.
    static func table(of entry: JSON) -> JSON { entry["called"] ?? entry["given"] ?? [:] }

    /// `play_music 3, no call 1`: the most frequent first, then by name.
    private static func confused(_ wanted: String, _ called: JSON) -> String {
        let others = called.sortedMembers.filter { $0.key != wanted }.map { ($0.key, $0.value.integer ?? 0) }
        let sorted = others.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        return sorted.prefix(mostNamed).map { "\($0) \($1)" }.joined(separator: ", ")
    }

    package var text: String { tables.map(\.table.text).joined(separator: "\n") }

    package var markdown: String { tables.map(\.table.markdown).joined(separator: "\n") }
}

extension Figures {
    static let report = Figures { _, content in ReportText(content).text }
    static let confusion = Figures { _, content in ConfusionText(content).text }
}
