import CanonicalJSON
import Diagnostics
import Engine
import Kinds
import Words

/// What the files of a recipe's data say before anything runs: what is wrong with them, and which sets get rows.
package struct DataSurvey: Sendable {
    /// Raised whenever other things are found: what an earlier revision found is then not believed.
    package static let revision = 3
    private static let mostFindings = 100

    /// Sorted by position.
    package let findings: [Diagnostic]
    /// The sets that have rows; `nil` where that is not known.
    package let sets: Set<String>?
    /// How many rows there are, and how long; `nil` where no row was read.
    package let rows: RowFigures?

    package init(findings: [Diagnostic] = [], sets: Set<String>? = nil, rows: RowFigures? = nil) {
        let sorted = findings.sortedByPosition()
        let errors = sorted.filter { $0.severity == .error }
        // An error must not be cut off behind warnings.
        let kept =
            sorted.count <= Self.mostFindings ? sorted : Array((errors.isEmpty ? sorted : errors).prefix(Self.mostFindings))
        self.findings = kept
        self.sets = findings.hasErrors ? nil : sets
        self.rows = findings.hasErrors ? nil : rows
    }

    private struct Memory: Codable {
        var sets: [String]?
        var rows: RowFigures?
    }

    /// What is worth remembering: the sets and the figures; `nil` where something is wrong, which has its places in the files.
    package var memory: String? {
        guard findings.isEmpty else { return nil }
        return try? JSON(encoding: Memory(sets: sets?.sorted(), rows: rows)).canonicalText
    }

    package init(remembered text: String) {
        let memory = try? JSON(parsing: text.utf8).decode(Memory.self)
        self.init(sets: memory?.sets.map(Set.init), rows: memory?.rows)
    }
}

extension RowFigures {
    /// The figures of some rows, those that were read.
    ///
    /// - Parameters:
    ///   - sets: how many rows each set has, where all were read.
    ///   - functions: those that rows may call, by name.
    init?(_ rows: [Row], sets: [String: Int]?, functions: [String: FunctionDefinition]) {
        guard !rows.isEmpty else { return nil }
        self.init()
        self.rows = sets
        for row in rows {
            let said = row.background.context.map(\.text.utf8.count).reduce(0, +)
            question += Double(row.query.utf8.count + said)
            answer += Double(row.reply?.utf8.count ?? PromptStyle.response(of: row.answers).utf8.count)
            listed += Double(row.functions.isEmpty ? functions.count : row.functions.count)
        }
        let count = Double(rows.count)
        (question, answer, listed) = (question / count, answer / count, listed / count)
        let several = Double(max(1, functions.count))
        signature = Double(functions.values.map(\.signatureLength).reduce(0, +)) / several
        let lines = functions.values.map { FunctionSignature($0, as: .described).text.utf8.count }
        described = Double(lines.reduce(0, +)) / several
    }
}

extension FunctionDefinition {
    /// Bytes of its name, and of the names and types of its arguments.
    fileprivate var signatureLength: Int {
        let arguments = parameters["properties"]?.object ?? [:]
        return arguments.reduce(name.utf8.count + 2) { length, argument in
            length + argument.key.utf8.count + (argument.value["type"]?.string?.utf8.count ?? 6) + 2
        }
    }
}

extension DataSplit {
    /// The sets that get some of the rows, which are all that there are.
    ///
    /// - Parameters:
    ///   - functions: the names of all functions.
    ///   - called: those that rows call.
    ///   - anchor: the beginning of the file that the rows come from.
    func survey(
        _ rows: [Row], of task: TaskKind = .calls, functions: [String], called: Set<String>, anchor: SourceSpan,
        _ findings: inout [Diagnostic]
    ) -> (sets: [String: [Row]], outside: Set<String>) {
        let outside = outOfDomain(among: functions, called: called, &findings)
        var survey = SplitSurvey(self)
        var strata = SplitStrata(self, of: task)
        if stratify { for row in rows where givenSet(of: row, outside) == nil { strata.take(row) } }
        let positions = strata.positions()
        let placed = rows.map { (set: set(of: $0, outside, positions), row: $0) }
        for (set, row) in placed { survey.take(row, set: set) }
        if !survey.hasTrainingRows {
            findings.report(
                "no-training-rows", "the split leaves no row to train on", at: anchor,
                help: "add rows, or take less for other sets under 'data.split'")
        }
        let kept = survey.kept()
        let sets = Dictionary(grouping: placed.filter { kept.has($0.row, in: $0.set) }, by: \.set)
        return (sets.mapValues { $0.map(\.row) }, outside)
    }

    /// The functions out of domain; names and patterns that no row calls are reported.
    func outOfDomain(among functions: [String], called: Set<String>, _ findings: inout [Diagnostic]) -> Set<String> {
        let outside = OutOfDomain(self, among: functions)
        for (index, words) in outside.unmatched(calling: called) {
            let wanted = outOfDomain[index]
            let nearest = Suggestion.nearest(to: wanted, among: functions).map { "did you mean '\($0)'?" }
            findings.report(
                "unknown-function", words, at: $outOfDomain.span.part(wanted), label: "no row calls it",
                help: nearest ?? "name functions that rows call")
        }
        return outside.names
    }
}
