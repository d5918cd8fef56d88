import BuildModel
import GRDB

extension Index {
    /// The digest of a file whose path, size, time and inode are as they were when it was hashed.
    func digest(of file: FileStamp) throws(StoreError) -> Digest? {
        let row = try read { database in
            try Row.fetchOne(
                database, sql: "SELECT digest, seal FROM file WHERE path = ? AND size = ? AND modified = ? AND inode = ?",
                arguments: [file.path, file.size, file.modified, file.inode]
            ).map { (digest: $0.column(0, as: String.self), seal: $0.column(1, as: Int64.self)) }
        }
        guard let row, let digest = row.digest, row.seal == Self.seal(file, digest: digest) else { return nil }
        return Digest(hex: digest)
    }

    func remember(_ file: FileStamp, digest: Digest) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    file.path, file.size, file.modified, file.inode, digest.hex, Self.seal(file, digest: digest.hex),
                ])
        }
    }

    private static func seal(_ file: FileStamp, digest: String) -> Int64 {
        var seal = Seal()
        seal.add(file.path)
        for number in [file.size, file.modified, file.inode] { seal.add(number) }
        seal.add(digest)
        return seal.value
    }
}
