import BuildModel
import Foundation
import GRDB

/// What was found in files before anything ran, where nothing was wrong with them.
extension Index {
    /// - Parameter key: of the files' digests and of all that decides what becomes of them.
    func survey(_ key: Digest) throws(StoreError) -> String? {
        let row = try read { database in
            try Row.fetchOne(database, sql: "SELECT found, seal FROM survey WHERE key = ?", arguments: [Data(key.bytes)])
                .map { (found: $0.column(0, as: String.self), seal: $0.column(1, as: Int64.self)) }
        }
        guard let row, let found = row.found, row.seal == Self.checksum(key, found) else { return nil }
        return found
    }

    func remember(survey found: String, _ key: Digest) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO survey VALUES (?, ?, ?)",
                arguments: [Data(key.bytes), found, Self.checksum(key, found)])
        }
    }

    private static func checksum(_ key: Digest, _ found: String) -> Int64 {
        var checksum = RowChecksum()
        checksum.add(Array(key.bytes))
        checksum.add(found)
        return checksum.value
    }
}

extension Store {
    /// What a survey of this key found, where one did and nothing was wrong.
    package func survey(_ key: Digest) throws(StoreError) -> String? { try index.survey(key) }

    package func remember(survey found: String, _ key: Digest) throws(StoreError) {
        try index.remember(survey: found, key)
    }
}
