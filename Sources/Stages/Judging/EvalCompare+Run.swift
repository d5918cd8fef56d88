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
        var counts = Dictionary(uniqueKeysWithValues: sets.map { ($0, PairCounts()) })
        for (pair, outcome) in zip(pairs, judged.outcomes) { counts[pair.set, default: PairCounts()].add(pair, outcome) }
        try context.write(["sets": .object(counts.mapValues(\.json))], to: Self.comparison)
        try context.write(zip(pairs, judged.outcomes).map { $0.line($1) }, to: Self.comparisons)
        let sheet = try PairSheet(pairs, seed: seed, task)
        try context.write(sheet.text, to: Self.sheet)
        try context.write(sheet.key, to: Self.key)
        if let transcript = judged.transcript { try context.write(transcript, to: JudgeVerdicts.transcriptFile) }
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

/// The pairs for people: in an order of chance, without the models' names.
private struct PairSheet {
    /// CSV, as RFC 4180 has it.
    let text: String
    /// For each line of the sheet whose answers it has as A and as B.
    let key: [JSON]

    private static let columns = ["number", "question", "choices", "A", "B", "better", "reason"]

    init(_ pairs: [AnswerPair], seed: Int, _ task: any AnswerTask) throws(RowError) {
        var lines = [Self.columns]
        var key: [JSON] = []
        for pair in pairs.sorted(by: { $0.chance("sheet", seed) < $1.chance("sheet", seed) }) {
            let isOwnFirst = pair.chance("first", seed) < 0.5
            let (first, second) = isOwnFirst ? (pair.own, pair.other) : (pair.other, pair.own)
            lines.append([
                String(lines.count), pair.row.plainPrompt, try task.choices(for: pair.row), first.response, second.response, "",
                "",
            ])
            key.append([
                "number": .count(lines.count - 1), "set": .string(pair.set), "id": .string(pair.row.id),
                "A": .string(isOwnFirst ? "answers" : "others"), "B": .string(isOwnFirst ? "others" : "answers"),
            ])
        }
        text = lines.map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
        self.key = key
    }

    private static func quoted(_ cell: String) -> String {
        let isPlain = !cell.utf8.contains { [UInt8(ascii: "\""), UInt8(ascii: ","), 0x0A, 0x0D].contains($0) }
        return isPlain ? cell : "\"" + cell.replacing("\"", with: "\"\"") + "\""
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
}

extension Figures {
    static let comparison = Figures { _, content in
        TextTable(
            headings: ["set"] + ComparisonText.headings,
            lines: (content["sets"] ?? [:]).sortedMembers.map { [$0.key] + ComparisonText.cells(of: $0.value) }
        ).text
    }
}
