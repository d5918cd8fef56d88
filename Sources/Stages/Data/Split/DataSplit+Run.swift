import BuildModel
import Engine
import Kinds

extension DataSplit: RunnableStage {
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets,
    ]

    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let outside = outOfDomain(among: functions)
        // Rows are read twice, so that none need be kept: first for what all of them say together.
        var survey = SplitSurvey(self)
        try context.forEachLine(of: DataFiles.rows, from: "data") { row in
            survey.take(row, set: set(of: row, outside))
        }
        try checkOutOfDomain(among: functions, calledBy: survey.called)
        guard survey.hasTrainingRows else { throw StageFailure("the split leaves no row to train on") }
        let kept = survey.kept()
        let elsewhere = survey.functions.ofNamedSets
        let pool = functions.keys.filter { !outside.contains($0) && !elsewhere.contains($0) }.sorted()
        let candidates = CandidateFunctions(self, pool: pool)

        let files = try Dictionary(
            uniqueKeysWithValues: survey.sets.map { ($0, try LineWriter<Row>(to: context.output(DataFiles.set($0).name))) })
        try context.forEachLine(of: DataFiles.rows, from: "data") { row in
            let set = set(of: row, outside)
            guard kept.has(row, in: set) else { return }
            try files[set]?.write(RowSets.isNamed(set) ? candidates.kept(by: row) : candidates.chosen(for: row))
        }
        for file in files.values { try file.finish() }
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

    /// The functions that the names and patterns match.
    private func outOfDomain(among functions: [String: FunctionDefinition]) -> Set<String> {
        let patterns = outOfDomain.map(NamePattern.init)
        return Set(functions.keys.filter { name in patterns.contains { $0.matches(name) } })
    }

    /// Each name or pattern must match a function that some row calls.
    private func checkOutOfDomain(
        among functions: [String: FunctionDefinition], calledBy called: Set<String>
    ) throws(StageFailure) {
        for pattern in outOfDomain.map(NamePattern.init)
        where !called.contains(where: { functions[$0] != nil && pattern.matches($0) }) {
            let names =
                pattern.isName
                ? "names the function '\(pattern.text)', which" : "has '\(pattern.text)', a pattern of functions that"
            throw StageFailure("data.split.ood \(names) no row calls; rows call \(Self.listed(called.sorted()))")
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
        let bits = Digest(hashing: "\(purpose)/\(seed)/\(text)").firstWords.0 >> 12
        return Double(bits) / Double(UInt64(1) << 52)
    }
}
