import BuildModel
import Engine
import Kinds

extension DataSplit: RunnableStage {
    package static let artifact: [Output] = [.file(DataFiles.functions), .sets]

    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let rows = try context.read(DataFiles.rows, from: "data")
        let outside = OutOfDomain(self, among: functions.keys, called: Set(rows.flatMap { $0.answers.map(\.name) }))
        if let unmatched = outside.unmatched.first { throw StageFailure(unmatched.words) }
        let elsewhere = RowSets(sets: rows.map { ($0.set ?? RowSets.training, [$0]) }).functionsOfNamedSets
        let pool = functions.keys.filter { !outside.names.contains($0) && !elsewhere.contains($0) }.sorted()
        let candidates = CandidateFunctions(self, pool: pool)
        let sets = placed(rows, outside.names)
        if sets[RowSets.training]?.isEmpty ?? true { throw StageFailure("the split leaves no row to train on") }
        for (set, rows) in sets.sorted(by: { $0.key < $1.key }) {
            let isNamed = RowSets.isNamed(set)
            let listing = rows.map { isNamed ? candidates.kept(by: $0) : candidates.chosen(for: $0) }
            try context.write(limited(listing, to: limit[set]), to: DataFiles.set(set))
        }
        try context.write(FunctionPool(functions.values), to: DataFiles.functions)
    }

    /// The rows by set. A query of the training set tests nothing, so other sets leave it out.
    func placed(_ rows: [Row], _ outside: Set<String>) -> [String: [Row]] {
        let sets = Dictionary(grouping: rows) { set(of: $0, outside) }
        let trainQueries = Set((sets[RowSets.training] ?? []).map(\.query))
        return Dictionary(
            uniqueKeysWithValues: sets.map { set, rows in
                (set, set == RowSets.training ? rows : rows.filter { !trainQueries.contains($0.query) })
            })
    }

    /// A row's set depends on the row alone. Equal queries are in one set, because the hash is of their text.
    private func set(of row: Row, _ outside: Set<String>) -> String {
        if let set = row.set, RowSets.isNamed(set) { return set }
        if row.answers.contains(where: { outside.contains($0.name) }) { return "ood" }
        switch row.heldOut {
        case .template: return "phrasing"
        case .value: return "values"
        case nil: break
        }
        if row.set == "test" { return "test" }
        let position = StableHash.unit("split", seed, row.query)
        return position < test ? "test" : position < test + valid ? "valid" : "train"
    }

    /// The rows with the smallest hashes, in their given order.
    private func limited(_ rows: [Row], to limit: Int?) -> [Row] {
        guard let limit, rows.count > limit else { return rows }
        let ranked = rows.map { (StableHash.unit("limit", seed, $0.id), $0.id) }.sorted { $0 < $1 }
        let kept = Set(ranked.prefix(limit).map(\.1))
        return rows.filter { kept.contains($0.id) }
    }
}

/// The functions that a split's names and patterns keep from training.
struct OutOfDomain {
    private(set) var names: Set<String> = []
    /// Names and patterns that match no function that some row calls, by their places in the list, and why.
    private(set) var unmatched: [(index: Int, words: String)] = []

    /// - Parameter called: the functions that rows call.
    init(_ split: DataSplit, among functions: some Sequence<String>, called: Set<String>) {
        guard !split.outOfDomain.isEmpty else { return }
        let functions = Array(functions)
        for (index, pattern) in split.outOfDomain.map(NamePattern.init).enumerated() {
            let meant = functions.filter(pattern.matches)
            names.formUnion(meant)
            if meant.contains(where: called.contains) { continue }
            let subject =
                pattern.isName
                ? "names the function '\(pattern.text)', which" : "has '\(pattern.text)', a pattern of functions that"
            unmatched.append((index, "data.split.ood \(subject) no row calls; rows call \(Self.listed(called.sorted()))"))
        }
    }

    /// Names for a message: the first ones, and how many more there are.
    private static func listed(_ names: [String]) -> String {
        let most = 40
        return names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
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
