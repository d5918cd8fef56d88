import BuildModel
import CLibgit2
import Foundation

extension GitRepository {
    /// Whether every file of an artifact is in the object store, or stands in git itself.
    func holds(_ record: StageRecord, in objects: ObjectStore) throws(StoreError) -> Bool {
        for file in record.artifact.files where objects.object(file.digest) == nil {
            guard file.size <= ArtifactTree.inlineLimit, let commit = try commit(record.commit),
                let id = try entry("artifact/" + file.path, of: commit.tree), LFSPointer(try readBlob(id)) == nil
            else { return false }
        }
        return true
    }

    /// Puts the texts of an artifact that stand in git into the object store, where they are not there.
    func restoreTexts(of record: StageRecord, to objects: ObjectStore) throws(StoreError) {
        for file in record.artifact.files where file.size <= ArtifactTree.inlineLimit && objects.object(file.digest) == nil {
            guard let commit = try commit(record.commit), let id = try entry("artifact/" + file.path, of: commit.tree) else {
                continue
            }
            let content = try readBlob(id)
            guard LFSPointer(content) == nil, Digest(hashing: content) == file.digest else { continue }
            try objects.importText(content)
        }
    }
}

extension ObjectStore {
    /// Takes a text in.
    func importText(_ content: [UInt8]) throws(StoreError) {
        let file = layout.incoming.appending(path: UUID().uuidString)
        do {
            try Data(content).write(to: file)
        } catch {
            throw .cannotWrite(path: file.path, reason: error.localizedDescription)
        }
        defer { unlink(file.path) }
        _ = try importFile(at: file.path)
    }
}
