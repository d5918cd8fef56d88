import CanonicalJSON
import Engine
import Kinds
import Words

extension EvalCompare: RunnableStage {
    static let comparison = File<JSON>("comparison.json")
    private static let comparisons = File<[JSON]>("comparisons.jsonl")
    private static let sheet = File<String>("sheet.csv")
    private static let key = File<[JSON]>("key.jsonl")
    package static let artifact: [Output] = [
        .figures(comparison, as: .comparison), .file(comparisons), .file(sheet), .file(key),
        .file(JudgeVerdicts.transcriptFile, isOptional: true),
    ]

    package func run(in context: StageContext) throws {
        let task = try context.readTask()
        let pairs = try sets.flatMap { try readPairs(of: $0, in: context) }
        let judged = try context.compare(pairs, as: self, task)
        let sheet = PairSheet(pairs, seed: seed)
        var comparison: [String: JSON] = ["sets": counts(of: zip(pairs, judged.outcomes))]
        if context.hasInput("sheet") {
            let filled = try sheet.outcomes(in: context, input: "sheet")
            let places = filled.keys.sorted()
            comparison["people"] = [
                "sets": counts(of: places.compactMap { place in filled[place].map { (pairs[place], $0) } }),
                "agreeing": .count(places.count { filled[$0]?.result == judged.outcomes[$0].result }),
            ]
        }
        try context.write(.object(comparison), to: Self.comparison)
        try context.write(zip(pairs, judged.outcomes).map { $0.line($1) }, to: Self.comparisons)
        try context.write(sheet.text(task), to: Self.sheet)
        try context.write(sheet.key, to: Self.key)
        if let transcript = judged.transcript { try context.write(transcript, to: JudgeVerdicts.transcriptFile) }
    }

    private func counts(of judged: some Sequence<(AnswerPair, PairOutcome)>) -> JSON {
        var counts = Dictionary(sets.map { ($0, PairCounts()) }, uniquingKeysWith: { first, _ in first })
        for (pair, outcome) in judged { counts[pair.set, default: PairCounts()].add(pair, outcome) }
        return .object(counts.mapValues(\.json))
    }

    /// Pairs of a set, chosen by chance, in the order of their rows.
    private func readPairs(of set: String, in context: StageContext) throws -> [AnswerPair] {
        let rows = Dictionary(uniqueKeysWithValues: try context.read(DataFiles.set(set), from: "data").map { ($0.id, $0) })
        let file = EvalGenerate.answers(to: set)
        let others = try context.read(file, from: "others").map { ($0.row, $0) }
        let otherOf = Dictionary(others, uniquingKeysWith: { first, _ in first })
        let pairs = try context.read(file, from: "answers").map { answer in
            guard let row = rows[answer.row], let other = otherOf[answer.row] else {
                throw StageFailure(
                    "\(file.name): the row '\(answer.row)' is not among the data and the others' answers alike; compare answers to "
                        + "the same rows")
            }
            return AnswerPair(
                set: set, row: row,
                own: JudgedResponse(row: row, response: answer.response, format: self.answer, fault: answer.fault),
                other: JudgedResponse(row: row, response: other.response, format: otherAnswer, fault: other.fault))
        }
        let ranked = pairs.indices.sorted { pairs[$0].chance("pair", seed) < pairs[$1].chance("pair", seed) }
        return ranked.prefix(self.pairs).sorted().map { pairs[$0] }
    }
}

/// Two models' answers to a row.
struct AnswerPair {
    let set: String
    let row: Row
    let own: JudgedResponse
    let other: JudgedResponse

    var isEqual: Bool { own.response == other.response }

    /// A number in [0, 1) that depends on the pair's row alone.
    func chance(_ purpose: String, _ seed: Int) -> Double {
        StableHash.unit("eval.compare.\(purpose)", seed, "\(set)/\(row.id)")
    }

    fileprivate func line(_ outcome: PairOutcome) -> JSON {
        [
            "set": .string(set), "id": .string(row.id), "query": .string(row.query), "response": .string(own.response),
            "other": .string(other.response), "outcome": .string(outcome.result.rawValue), "why": .string(outcome.why),
        ]
    }
}

/// How a pair was judged.
struct PairOutcome: Hashable {
    enum Result: String {
        case win
        case tie
        case loss
    }

    var result: Result
    var why: String
    /// Whether the judge said another thing when the answers changed places.
    var dependsOnOrder = false
    var isUnderstood = true
}

/// Wins, ties and losses of a set.
private struct PairCounts {
    private var results: [PairOutcome.Result: Int] = [:]
    private var pairs = 0
    private var equal = 0
    private var orderDependent = 0
    private var notUnderstood = 0

    mutating func add(_ pair: AnswerPair, _ outcome: PairOutcome) {
        pairs += 1
        equal += pair.isEqual ? 1 : 0
        orderDependent += outcome.dependsOnOrder ? 1 : 0
        notUnderstood += outcome.isUnderstood ? 0 : 1
        results[outcome.result, default: 0] += 1
    }

    var json: JSON {
        [
            "pairs": .count(pairs), "wins": .count(results[.win] ?? 0), "ties": .count(results[.tie] ?? 0),
            "losses": .count(results[.loss] ?? 0), "equal": .count(equal), "order_dependent": .count(orderDependent),
            "not_understood": .count(notUnderstood),
        ]
    }
}

/// A comparison for people: wins, ties and losses of each set.
enum ComparisonText {
    static let headings = ["pairs", "wins", "ties", "losses"]

    /// The cells of a set, the three shares in per cent. Over several seeds the counts are means.
    static func cells(of counts: JSON) -> [String] {
        let pairs = counts["pairs"]?.double ?? 0
        let shares = ["wins", "ties", "losses"].map { name -> Double? in
            pairs > 0 ? (counts[name]?.double ?? 0) / pairs : nil
        }
        return [Metric.Format(places: 0).text(pairs)] + shares.map(ReportTable.percentage)
    }

    fileprivate static func table(_ comparison: JSON, heading: String) -> TextTable {
        TextTable(
            headings: [heading] + headings,
            lines: (comparison["sets"] ?? [:]).sortedMembers.map { [$0.key] + cells(of: $0.value) })
    }
}

extension Figures {
    static let comparison = Figures { _, content in
        let judged = ComparisonText.table(content, heading: "set").text
        guard let people = content["people"] else { return judged }
        return judged + "\n" + ComparisonText.table(people, heading: "set, by people").text
            + "\npeople and the judge say the same of \(people["agreeing"]?.integer ?? 0) pairs\n"
    }
}
