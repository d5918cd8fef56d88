import BuildModel
import Foundation

extension Store {
    /// The digest of a file outside the store; a file that has not changed since is not read again.
    package func digest(ofFileAt path: String) throws(StoreError) -> Digest {
        if let stamp = FileStamp(path: path), let known = try index.digest(of: stamp) { return known }
        let before = FileStamp(path: path)
        let isSettled = before.map { !$0.isRecent } ?? false
        let digest = try DurableFile.digest(of: path).digest
        if let before, isSettled, before == FileStamp(path: path) { try index.remember(before, digest: digest) }
        return digest
    }

    /// Takes a copy of a file in; its path in the result is its last component.
    package func importFile(at path: String) throws(StoreError) -> Artifact.File {
        let (digest, size) = try objects.importFile(at: path)
        return Artifact.File(path: URL(fileURLWithPath: path).lastPathComponent, size: size, digest: digest)
    }

    /// Takes every file below a directory in.
    package func importDirectory(_ directory: URL) throws(StoreError) -> Artifact { try objects.importDirectory(directory) }

    /// The same, and the files themselves become the objects: they are gone from the directory. Nobody may write to them any
    /// more.
    package func takeDirectory(_ directory: URL) throws(StoreError) -> Artifact { try objects.takeDirectory(directory) }

    /// Moves an object that is not what its name says out of the way: what gave it can run again.
    package func putAside(_ object: Digest) throws(StoreError) { try objects.putAside(object) }

    /// Where an object lies and how many bytes it has; `nil` where it is absent.
    package func object(_ digest: Digest) -> (url: URL, size: Int)? { objects.object(digest) }

    /// An object's bytes, verified.
    package func readObject(_ digest: Digest) throws(StoreError) -> Data { try objects.read(digest) }

    /// Hashes every object of an artifact.
    ///
    /// - Throws: `StoreError.damagedObject` or `.missingObject` for the first that is not what its name says.
    package func checkObjects(of artifact: Artifact) throws(StoreError) {
        for file in artifact.files {
            guard let object = object(file.digest) else { throw .missingObject(file.digest) }
            guard try DurableFile.digest(of: object.url.path).digest == file.digest else { throw .damagedObject(file.digest) }
        }
    }

    /// A writable copy of an object outside the store, verified.
    package func copyObject(_ digest: Digest, to destination: URL) throws(StoreError) {
        try objects.copy(digest, to: destination)
    }

    /// Lays an artifact's files out in a directory, read-only.
    package func materialize(_ artifact: Artifact, at directory: URL) throws(StoreError) {
        try objects.materialize(artifact, at: directory)
    }
}
