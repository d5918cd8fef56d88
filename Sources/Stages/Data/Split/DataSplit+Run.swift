import BuildModel
import Engine
import Kinds

extension DataSplit: RunnableStage {
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets,
    ]

    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let rows = try context.read(DataFiles.rows, from: "data")
        let outside = try outOfDomain(among: functions, calledBy: rows)
        let elsewhere = RowSets(sets: rows.map { ($0.set ?? RowSets.training, [$0]) }).functionsOfNamedSets
        let pool = functions.keys.filter { !outside.contains($0) && !elsewhere.contains($0) }.sorted()
        let candidates = CandidateFunctions(self, pool: pool)

        var sets: [String: [Row]] = [:]
        for row in rows {
            let set = set(of: row, outside)
            sets[set, default: []].append(RowSets.isNamed(set) ? candidates.kept(by: row) : candidates.chosen(for: row))
        }
        let trainQueries = Set((sets["train"] ?? []).map(\.asked))
        guard !trainQueries.isEmpty else { throw StageFailure("the split leaves no row to train on") }
        for (set, rows) in sets.sorted(by: { $0.key < $1.key }) {
            // A query of the training set tests nothing, so other sets leave it out.
            let unseen = set == "train" ? rows : rows.filter { !trainQueries.contains($0.asked) }
            try context.write(limited(unseen, to: limit[set]), to: DataFiles.set(set))
        }
        try context.write(FunctionPool(functions.values), to: DataFiles.functions)
        try context.write(context.readTaskDescription())
    }

    /// A row's set depends on the row alone. Equal queries are in one set, because the hash is of their text; so are the turns of
    /// a conversation, which show one another.
    private func set(of row: Row, _ outside: Set<String>) -> String {
        if let set = row.set, RowSets.isNamed(set) { return set }
        if row.answers.contains(where: { outside.contains($0.name) }) { return "ood" }
        switch row.heldOut {
        case .template: return "phrasing"
        case .value: return "values"
        case nil: break
        }
        if row.set == "test" { return "test" }
        let position = StableHash.unit("split", seed, row.record ?? row.query)
        return position < test ? "test" : position < test + valid ? "valid" : "train"
    }

    /// The rows with the smallest hashes, in their given order.
    private func limited(_ rows: [Row], to limit: Int?) -> [Row] {
        guard let limit, rows.count > limit else { return rows }
        let ranked = rows.map { (StableHash.unit("limit", seed, $0.id), $0.id) }.sorted { $0 < $1 }
        let kept = Set(ranked.prefix(limit).map(\.1))
        return rows.filter { kept.contains($0.id) }
    }

    /// The functions that match the names and patterns. Each name or pattern must match one that some row calls.
    private func outOfDomain(among functions: [String: FunctionDefinition], calledBy rows: [Row]) throws -> Set<String> {
        let called = Set(rows.flatMap { $0.answers.map(\.name) })
        var outside: Set<String> = []
        for pattern in outOfDomain.map(NamePattern.init) {
            let meant = functions.keys.filter(pattern.matches)
            guard meant.contains(where: called.contains) else {
                let names =
                    pattern.isName
                    ? "names the function '\(pattern.text)', which" : "has '\(pattern.text)', a pattern of functions that"
                throw StageFailure("data.split.ood \(names) no row calls; rows call \(Self.listed(called.sorted()))")
            }
            outside.formUnion(meant)
        }
        return outside
    }

    /// Names for a message: the first ones, and how many more there are.
    private static func listed(_ names: [String]) -> String {
        let most = 40
        return names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
    }
}

extension Row {
    /// What an answer depends on: the query, and for a turn of a conversation what was said around it.
    fileprivate var asked: [String] {
        record == nil ? [query] : background.context.map(\.text) + [query] + background.steps.map(\.text)
    }
}

/// A name, or a pattern for names: `*` stands for any run of characters, none included.
struct NamePattern {
    let text: String
    /// The parts between stars.
    private let parts: [Substring]

    init(_ text: String) {
        self.text = text
        parts = text.split(separator: "*", omittingEmptySubsequences: false)
    }

    /// Whether it is a plain name.
    var isName: Bool { parts.count == 1 }

    /// The name starts with the first part, ends with the last one, and has the others between them in this order.
    func matches(_ name: String) -> Bool {
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return name == text }
        guard name.hasPrefix(first) else { return false }
        var rest = name.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let place = rest.firstRange(of: part) else { return false }
            rest = rest[place.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}

/// Choices that look random, and depend on nothing but a seed and a text.
enum StableHash {
    /// A number in [0, 1), uniform over texts: the first 52 bits of a SHA-256.
    static func unit(_ purpose: String, _ seed: Int, _ text: String) -> Double {
        let bytes = Digest(hashing: "\(purpose)/\(seed)/\(text)").bytes
        let bits = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 12
        return Double(bits) / Double(UInt64(1) << 52)
    }
}
