import BuildModel
import Foundation
import GRDB

extension Index {
    /// The commit of a recipe's last build, if it was of this content.
    func build(of recipe: String, content: Digest) throws(StoreError) -> CommitID? {
        try read { database in
            try String.fetchOne(
                database, sql: "SELECT commit_id FROM build WHERE recipe = ? AND content = ?",
                arguments: [recipe, Data(content.bytes)])
        }.map(CommitID.init(hex:))
    }

    func remember(build commit: CommitID, of recipe: String, content: Digest) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO build VALUES (?, ?, ?)", arguments: [recipe, Data(content.bytes), commit.hex])
        }
    }

    /// Forgets what was read off another repository.
    ///
    /// - Returns: whether the index is new to this repository.
    func adopt(repository id: String) throws(StoreError) -> Bool {
        let known = try read { try String.fetchOne($0, sql: "SELECT id FROM repository") }
        if known == id { return false }
        try write { database in
            for table in ["result", "stage_commit", "build", "stage_name", "recipe_file", "duration", "repository"] {
                try database.execute(sql: "DELETE FROM \(table)")
            }
            try database.execute(sql: "INSERT INTO repository VALUES (?)", arguments: [id])
        }
        return true
    }

    /// The file whose builds are on a recipe's branch, as far as is known here.
    func file(of recipe: String) throws(StoreError) -> String? {
        try read { try String.fetchOne($0, sql: "SELECT path FROM recipe_file WHERE recipe = ?", arguments: [recipe]) }
    }

    func remember(file path: String, of recipe: String) throws(StoreError) {
        try write { database in
            try database.execute(sql: "INSERT OR REPLACE INTO recipe_file VALUES (?, ?)", arguments: [recipe, path])
        }
    }

    /// How long actions ran here.
    func durations() throws(StoreError) -> DurationHistory {
        try read { database in
            var history = DurationHistory()
            let rows = try Row.fetchCursor(database, sql: "SELECT key, kind, seconds, work FROM duration")
            while let row = try rows.next() {
                guard let key = row.column(0, as: String.self).flatMap(Digest.init(hex:)),
                    let kind = row.column(1, as: String.self), let seconds = row.column(2, as: Double.self)
                else { continue }
                history.add(key: key, kind: kind, seconds: seconds, work: row.column(3))
            }
            return history
        }
    }

    func remember(seconds: Double, kind: String, key: Digest, work: Double?) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO duration VALUES (?, ?, ?, ?)", arguments: [key.hex, kind, seconds, work])
        }
    }
}

/// What stages are called that were built since their recipe's last whole build, whose own names its commit has. Names go when
/// the index does: building the stage again, from what is there, brings them back.
extension Index {
    func remember(names: [NamedCommit], of recipe: String) throws(StoreError) {
        try write { database in
            for stage in names {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO stage_name VALUES (?, ?, ?)",
                    arguments: [recipe, stage.name, stage.commit.hex])
            }
        }
    }

    func forgetNames(of recipe: String) throws(StoreError) {
        try write { database in
            try database.execute(sql: "DELETE FROM stage_name WHERE recipe = ?", arguments: [recipe])
        }
    }

    /// The recipes that have a stage of this name, sorted, each with the stage's commit.
    func stages(named name: String) throws(StoreError) -> [(recipe: String, commit: CommitID)] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT recipe, commit_id FROM stage_name WHERE name = ? ORDER BY recipe", arguments: [name]
            ).compactMap { row in
                guard let recipe = row.column(0, as: String.self), let commit = row.column(1, as: String.self) else {
                    return nil
                }
                return (recipe, CommitID(hex: commit))
            }
        }
    }
}

extension Action {
    /// The kind under which its duration is remembered: kernels of another profile have another speed.
    var historicKind: String { DurationHistory.name(of: kind, in: numerics) }
}

/// How long actions ran here, as the index remembers it.
package struct DurationHistory: Sendable {
    /// All runs of one kind in one numerics profile.
    package struct Runs: Hashable, Sendable {
        var count = 0
        var seconds = 0.0
        /// Of the runs whose work is known.
        var knownSeconds = 0.0
        var work = 0.0
        var knownCount = 0

        package var meanSeconds: Double { seconds / Double(max(count, 1)) }

        /// The work of all runs whose work is known, and the seconds that it took beyond `overhead` of each; `nil` where no run's
        /// work is known.
        package func measured(overhead: Double) -> (work: Double, seconds: Double)? {
            guard work > 0 else { return nil }
            return (work, max(knownSeconds - overhead * Double(knownCount), knownSeconds / 2))
        }
    }

    private var byKey: [Digest: Double] = [:]
    private var byKind: [String: Runs] = [:]

    mutating func add(key: Digest, kind: String, seconds: Double, work: Double?) {
        byKey[key] = seconds
        byKind[kind, default: Runs()].count += 1
        byKind[kind, default: Runs()].seconds += seconds
        guard let work, work > 0 else { return }
        byKind[kind, default: Runs()].knownSeconds += seconds
        byKind[kind, default: Runs()].work += work
        byKind[kind, default: Runs()].knownCount += 1
    }

    package func seconds(of key: Digest) -> Double? { byKey[key] }
    package func runs(of kind: String, in numerics: Numerics) -> Runs? { byKind[Self.name(of: kind, in: numerics)] }

    /// The runs of every kind in a numerics profile, in the order of the kinds' names.
    package func runs(in numerics: Numerics) -> [(kind: String, runs: Runs)] {
        let ending = Self.name(of: "", in: numerics)
        return byKind.keys.sorted().compactMap { name in
            let isOther = ending.isEmpty ? name.contains(" ") : !name.hasSuffix(ending)
            guard !isOther, let runs = byKind[name] else { return nil }
            return (kind: String(name.dropLast(ending.count)), runs: runs)
        }
    }

    fileprivate static func name(of kind: String, in numerics: Numerics) -> String {
        numerics == .portable ? kind : "\(kind) \(numerics.rawValue)"
    }
}
