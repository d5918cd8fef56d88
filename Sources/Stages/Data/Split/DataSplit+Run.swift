import BuildModel
import Engine
import Kinds
import Words

extension DataSplit: RunnableStage {
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets,
        .named(Mixture.file.name, isOptional: true, figures: .plain),
    ]

    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let left = OutOfDomain(self, among: functions.keys)
        let outside = left.names
        let positions = try stratify ? strataPositions(outside, in: context) : [:]
        // Rows are read twice, so that only those of groups are kept: first for what all of them say together.
        var survey = SplitSurvey(self)
        try context.forEachLine(of: DataFiles.rows, from: "data") { row in
            survey.take(row, set: set(of: row, outside, positions))
        }
        if let unmatched = left.unmatched(calling: survey.called).first { throw StageFailure(unmatched.words) }
        guard survey.hasTrainingRows else { throw StageFailure("the split leaves no row to train on") }
        let mixture = survey.mixture
        let elsewhere = survey.functions.ofNamedSets
        let kept = survey.kept()
        let pool = functions.keys.filter { !outside.contains($0) && !elsewhere.contains($0) }.sorted()
        let candidates = CandidateFunctions(self, pool: pool)

        let files = try Dictionary(
            uniqueKeysWithValues: survey.sets.map { ($0, try LineWriter<Row>(to: context.output(DataFiles.set($0).name))) })
        var together: [String: [Row]] = [:]
        try context.forEachLine(of: DataFiles.rows, from: "data") { row in
            let set = set(of: row, outside, positions)
            guard kept.has(row, in: set) else { return }
            if group > 1, !row.isApart, candidates.isFree(row) {
                together[set, default: []].append(row)
                return
            }
            try files[set]?.write(row.isApart ? candidates.kept(by: row) : candidates.chosen(for: row))
        }
        for (set, rows) in together.sorted(by: { $0.key < $1.key }) {
            for row in candidates.chosen(forGroupsOf: rows) { try files[set]?.write(row) }
        }
        for file in files.values { try file.finish() }
        try context.write(FunctionPool(functions.values), to: DataFiles.functions)
        try context.write(context.readTaskDescription())
        if !mixture.parts.isEmpty {
            for line in mixture.lines { context.log(line) }
            try context.write(mixture.json, to: Mixture.file)
        }
    }

    /// Where rows stand in their strata, those whose sets the shares decide.
    private func strataPositions(_ outside: Set<String>, in context: StageContext) throws -> [Fingerprint: Double] {
        var strata = SplitStrata(self, of: try context.readTaskDescription().kind)
        try context.forEachLine(of: DataFiles.rows, from: "data") { row in
            if givenSet(of: row, outside) == nil { strata.take(row) }
        }
        return strata.positions()
    }

    /// A row's set depends on the row alone, unless the split is stratified. Equal queries are in one set, because the hash is of
    /// their text; so are the turns of a conversation, which show one another.
    ///
    /// - Parameter positions: of a stratified split, where rows stand in their strata.
    func set(of row: Row, _ outside: Set<String>, _ positions: [Fingerprint: Double]) -> String {
        if let set = givenSet(of: row, outside) { return set }
        let position = positions[row.identityInSplit] ?? row.hashInSplit(seed: seed)
        return position < test ? "test" : position < test + valid ? "valid" : "train"
    }

    /// Sets beside `test` that sources may be.
    private static let placed: Set<String> = [RowSet.valid.rawValue, RowSet.ood.rawValue]

    /// The set that a row is in whatever the shares are; `nil` where they decide.
    func givenSet(of row: Row, _ outside: Set<String>) -> String? {
        let isMixed = row.set.map { weights?[$0] != nil } ?? false
        if let set = row.set, !isMixed, RowSets.isNamed(set) || Self.placed.contains(set) { return set }
        if row.answers.contains(where: { outside.contains($0.name) }) { return "ood" }
        switch row.heldOut {
        case .template: return "phrasing"
        case .value: return "values"
        case nil: break
        }
        return isMixed ? RowSets.training : row.set == "test" ? "test" : nil
    }
}

/// The functions that a split's names and patterns keep from training.
struct OutOfDomain {
    private let patterns: [NamePattern]
    let names: Set<String>

    /// - Parameter functions: the names of all functions.
    init(_ split: DataSplit, among functions: some Sequence<String>) {
        let patterns = split.outOfDomain.map(NamePattern.init)
        self.patterns = patterns
        names = Set(functions.filter { name in patterns.contains { $0.matches(name) } })
    }

    /// Names and patterns that match no function that some row calls, by their places in the list, and why.
    ///
    /// - Parameter called: the functions that rows call.
    func unmatched(calling called: Set<String>) -> [(index: Int, words: String)] {
        patterns.enumerated().compactMap { index, pattern in
            if called.contains(where: { names.contains($0) && pattern.matches($0) }) { return nil }
            let subject =
                pattern.isName
                ? "names the function '\(pattern.text)', which" : "has '\(pattern.text)', a pattern of functions that"
            return (index, "data.split.ood \(subject) no row calls; rows call \(Self.listed(called.sorted()))")
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
