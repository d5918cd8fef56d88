import GRDB

/// What stages are called that were built since their recipe's last whole build, whose own names its commit has. Names go when
/// the index does: building the stage again, from what is there, brings them back.
extension Index {
    func remember(names: [BuildRecord.Stage], of recipe: String) throws(StoreError) {
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
