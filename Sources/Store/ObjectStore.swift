import BuildModel
import Foundation

/// The contents of files, each under its SHA-256, in Git LFS's layout.
struct ObjectStore: Sendable {
    let layout: StoreLayout
    /// As text, because builds look objects up by the thousand.
    private let folder: String

    init(layout: StoreLayout) {
        self.layout = layout
        folder = layout.objects.path
    }

    /// Where an object lies and how many bytes it has; `nil` where it is absent.
    func object(_ digest: Digest) -> (url: URL, size: Int)? {
        let url = layout.object(digest)
        var status = stat()
        guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return (url, Int(status.st_size))
    }

    func holds(_ artifact: Artifact) -> Bool {
        artifact.files.allSatisfy { file in
            let hex = file.digest.hex
            var status = stat()
            return stat("\(folder)/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)", &status) == 0
                && status.st_mode & S_IFMT == S_IFREG && Int(status.st_size) == file.size
        }
    }

    /// Takes a copy of a file in. It replaces an object of its name, which may be damaged.
    func importFile(at path: String) throws(StoreError) -> (digest: Digest, size: Int) {
        let (file, digest, size) = try DurableFile.copy(path, into: layout.incoming)
        try DurableFile.publish(file, as: layout.object(digest))
        return (digest, size)
    }

    /// Takes every file below a directory in. Links and special files are refused: what they stand for is not in the
    /// directory.
    func importDirectory(_ directory: URL) throws(StoreError) -> Artifact {
        try takeFiles(below: directory) { path throws(StoreError) in try importFile(at: path) }
    }

    /// The same, and the files themselves become the objects: they are gone from the directory. Nobody may write to them any
    /// more.
    func takeDirectory(_ directory: URL) throws(StoreError) -> Artifact {
        try takeFiles(below: directory) { path throws(StoreError) in
            guard let (digest, size) = try DurableFile.seal(path) else { return try importFile(at: path) }
            try DurableFile.publish(URL(fileURLWithPath: path), as: layout.object(digest))
            return (digest, size)
        }
    }

    private func takeFiles(
        below directory: URL, by take: (String) throws(StoreError) -> (digest: Digest, size: Int)
    ) throws(StoreError) -> Artifact {
        var files: [Artifact.File] = []
        for path in try regularFiles(below: directory) {
            let (digest, size) = try take(directory.appending(path: path).path)
            files.append(.init(path: path, size: size, digest: digest))
        }
        return Artifact(files: files)
    }

    /// Moves an object that is not what its name says out of the way.
    func putAside(_ digest: Digest) throws(StoreError) {
        let damaged = layout.damaged.appending(path: digest.hex)
        do {
            try FileManager.default.createDirectory(at: layout.damaged, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: layout.damaged.path, reason: error.localizedDescription)
        }
        guard rename(layout.object(digest).path, damaged.path) == 0 || errno == ENOENT else {
            throw .cannotWrite(path: damaged.path, reason: StoreError.systemReason)
        }
    }

    /// An object's bytes, hashed again before anyone sees them.
    func read(_ digest: Digest) throws(StoreError) -> Data {
        guard let (url, _) = object(digest) else { throw .missingObject(digest) }
        let content: Data
        do {
            content = try Data(contentsOf: url)
        } catch {
            throw .cannotRead(path: url.path, reason: error.localizedDescription)
        }
        guard Digest(hashing: content) == digest else { throw .damagedObject(digest) }
        return content
    }

    /// A writable copy of an object outside the store.
    func copy(_ digest: Digest, to destination: URL) throws(StoreError) {
        guard let (url, _) = object(digest) else { throw .missingObject(digest) }
        do {
            try FileManager.default.copyItem(at: url, to: destination)
        } catch {
            throw .cannotWrite(path: destination.path, reason: error.localizedDescription)
        }
        chmod(destination.path, 0o644)
        guard try DurableFile.digest(of: destination.path).digest == digest else { throw .damagedObject(digest) }
    }

    /// Lays an artifact's files out in a directory: hard links to the read-only objects, copies where links cannot be. Every
    /// object is hashed first: what a stage reads is what its action names.
    func materialize(_ artifact: Artifact, at directory: URL) throws(StoreError) {
        for file in artifact.files {
            guard let (url, size) = object(file.digest) else { throw .missingObject(file.digest) }
            guard size == file.size, try DurableFile.digest(of: url.path).digest == file.digest else {
                throw .damagedObject(file.digest)
            }
            let destination = directory.appending(path: file.path)
            do {
                let folder = destination.deletingLastPathComponent()
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                if link(url.path, destination.path) != 0 { try FileManager.default.copyItem(at: url, to: destination) }
            } catch {
                throw .cannotWrite(path: destination.path, reason: error.localizedDescription)
            }
        }
    }

    private func regularFiles(below directory: URL) throws(StoreError) -> [String] {
        let paths: [String]
        do {
            paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path).sorted()
        } catch {
            throw .cannotRead(path: directory.path, reason: error.localizedDescription)
        }
        var files: [String] = []
        for path in paths {
            let full = directory.appending(path: path).path
            var status = stat()
            guard lstat(full, &status) == 0 else { throw .cannotRead(path: full, reason: StoreError.systemReason) }
            if status.st_mode & S_IFMT == S_IFDIR { continue }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw .notAnArtifact(path: full, reason: "only regular files can be kept, not links or special files")
            }
            guard Artifact.isPortable(path: path) else {
                throw .notAnArtifact(path: full, reason: "the name is not portable")
            }
            files.append(path)
        }
        return files
    }
}
