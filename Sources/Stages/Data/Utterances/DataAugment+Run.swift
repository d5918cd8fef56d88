import CanonicalJSON
import Engine
import Kinds
import Words

extension DataAugment: RunnableStage {
    private static let figures = File<JSON>("augment.json")
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets, .figures(figures),
    ]

    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        var sets = Dictionary(uniqueKeysWithValues: try context.readSets().sets.map { ($0.name, $0.rows) })
        var figures: [String: JSON] = [:]

        let training = sets[RowSets.training] ?? []
        // A copy must not be a question that another set asks.
        let asked = Set(sets.filter { $0.key != RowSets.training }.values.joined().map(\.query))
        var copies = VariedRows(self, .training, functions: functions, without: asked.union(training.map(\.query)))
        for copy in 0..<self.copies { for row in training { copies.add(row, as: "varied-\(copy + 1)") } }
        sets[RowSets.training] = training + copies.rows
        figures[RowSets.training] = copies.json

        if rows > 0, let test = sets[RowSet.test.rawValue] {
            let trained = Set((sets[RowSets.training] ?? []).map(\.query))
            var robust = VariedRows(self, .robust, functions: functions, without: trained)
            for row in chosen(test) { robust.add(row, as: RowSet.robust.rawValue) }
            sets[RowSet.robust.rawValue] = robust.rows
            figures[RowSet.robust.rawValue] = robust.json
        }
        try context.write(RowSets(sets: sets.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
        try context.write(FunctionPool(functions.values), to: DataFiles.functions)
        try context.write(context.readTaskDescription())
        try context.write(.object(figures), to: Self.figures)
    }

    /// The rows with the smallest hashes, in their given order.
    private func chosen(_ test: [Row]) -> [Row] {
        guard test.count > rows else { return test }
        let ranked = test.map { (StableHash.unit("robust", seed, $0.id), $0.id) }.sorted { $0 < $1 }
        let kept = Set(ranked.prefix(rows).map(\.1))
        return test.filter { kept.contains($0.id) }
    }
}

/// Varied copies of rows whose questions nobody asked before.
private struct VariedRows {
    private let variation: UtteranceVariation
    private let functions: [String: FunctionDefinition]
    private var known: Set<String>
    private var counts: [QueryVariation: Int] = [:]
    private(set) var rows: [Row] = []

    init(
        _ kind: DataAugment, _ audience: UtteranceVariation.Audience, functions: [String: FunctionDefinition],
        without known: Set<String>
    ) {
        variation = UtteranceVariation(
            variations: Set(kind.variations), language: kind.language, audience: audience, seed: kind.seed)
        (self.functions, self.known) = (functions, known)
    }

    /// Adds a copy, if the variation changes the question into a new one. A passage asks nothing, and has none.
    ///
    /// - Parameter name: ends the copy's id, and names its draw.
    mutating func add(_ row: Row, as name: String) {
        guard !row.isPassage else { return }
        var copy = row
        copy.id = "\(row.id)~\(name)"
        let varied = variation.varied(row.query, protecting: ProtectedWords(of: row, functions: functions), stream: copy.id)
        guard varied.text != row.query, known.insert(varied.text).inserted else { return }
        copy.query = varied.text
        for variation in varied.variations { counts[variation, default: 0] += 1 }
        rows.append(copy)
    }

    /// `{"rows": 12, "variations": {"case": 7, "typos": 3}}`
    var json: JSON {
        let counted = counts.map { ($0.key.rawValue, JSON.count($0.value)) }
        return [
            "rows": .count(rows.count), "variations": .object(Dictionary(counted, uniquingKeysWith: { first, _ in first })),
        ]
    }
}
