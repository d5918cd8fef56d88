import Engine
import Foundation
import Kinds
import Words

/// The rows of a data artifact by set.
struct RowSets {
    static let training = "train"

    /// In the order of their names.
    var sets: [(name: String, rows: [Row])]

    /// Every query once, in the order of the sets. Passages ask nothing.
    var queries: [String] {
        var seen: Set<String> = []
        return sets.flatMap { $0.rows.filter { !$0.isPassage }.map(\.query) }.filter { seen.insert($0).inserted }
    }

    /// Functions that rows of other sets call and no training row does: those that training rows may not show.
    var unseenInTraining: Set<String> {
        var called: (training: Set<String>, elsewhere: Set<String>) = ([], [])
        for (name, rows) in sets {
            let names = rows.flatMap { $0.answers.map(\.name) }
            if name == Self.training { called.training.formUnion(names) } else { called.elsewhere.formUnion(names) }
        }
        return called.elsewhere.subtracting(called.training)
    }

    /// Whether a set has its name from the recipe. Rows of such a set keep the functions that they came with.
    static func isNamed(_ set: String) -> Bool { RowSet(rawValue: set) == nil }

    /// Functions that only rows of named sets list or call: no other row's prompt may show them.
    var functionsOfNamedSets: Set<String> {
        var listed: (named: Set<String>, standard: Set<String>) = ([], [])
        for (set, rows) in sets {
            let names = rows.flatMap { $0.functions + $0.answers.map(\.name) }
            if Self.isNamed(set) { listed.named.formUnion(names) } else { listed.standard.formUnion(names) }
        }
        return listed.named.subtracting(listed.standard)
    }

    /// The sets with every row changed, which is told its set. Passages stay as they are.
    func mapRows(_ change: (Row, String) -> Row) -> RowSets {
        RowSets(sets: sets.map { name, rows in (name, rows.map { $0.isPassage ? $0 : change($0, name) }) })
    }
}

extension StageContext {
    /// The sets of the input `data`.
    func readSets() throws -> RowSets {
        let ending = ".jsonl"
        let names = try FileManager.default.contentsOfDirectory(atPath: input("data").path).filter { $0.hasSuffix(ending) }
        return RowSets(
            sets: try names.map { String($0.dropLast(ending.count)) }.sorted().map { name in
                (name, try readRows("data", name + ending))
            })
    }

    func write(_ sets: RowSets) throws {
        for (name, rows) in sets.sets { try write(rows: rows, to: "\(name).jsonl") }
    }
}
