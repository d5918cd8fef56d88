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
            for table in ["result", "stage_commit", "build", "stage_name", "duration", "repository"] {
                try database.execute(sql: "DELETE FROM \(table)")
            }
            try database.execute(sql: "INSERT INTO repository VALUES (?)", arguments: [id])
        }
        return true
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
