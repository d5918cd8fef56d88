import BuildModel
import Foundation

/// The contents of files, each under its SHA-256, in Git LFS's layout.
struct ObjectStore: Sendable {
    let layout: StoreLayout
    private let folder: ObjectFolder

    init(layout: StoreLayout) {
        self.layout = layout
        folder = ObjectFolder(layout.objects, followsLinks: true)
    }

    /// Where an object lies and how many bytes it has; `nil` where it is absent.
    func object(_ digest: Digest) -> (url: URL, size: Int)? { folder.object(digest) }

    func holds(_ artifact: Artifact) -> Bool { artifact.files.allSatisfy { folder.size(of: $0.digest) == $0.size } }

    /// Imports a text.
    func importText(_ content: [UInt8]) throws(StoreError) {
        let file = layout.incoming.appending(path: UUID().uuidString)
        try StoreError.onWriting(file.path) { try Data(content).write(to: file) }
        defer { unlink(file.path) }
        _ = try importFile(at: file.path)
    }

    /// Imports a copy of a file. It replaces an object of the same name, which may be damaged.
    func importFile(at path: String) throws(StoreError) -> (digest: Digest, size: Int) {
        let (file, digest, size) = try DurableFile.copy(path, into: layout.incoming)
        try DurableFile.publish(file, as: folder.place(of: digest), below: layout.root)
        return (digest, size)
    }

    /// Imports every file below a directory. Links and special files are refused, because their content is not in the
    /// directory.
    func importDirectory(_ directory: URL) throws(StoreError) -> Artifact {
        try takeFiles(below: directory) { path throws(StoreError) in try importFile(at: path) }
    }

    /// Imports every file below a directory by moving it: the files are then gone from the directory. From then on nobody may
    /// write to them.
    func takeDirectory(_ directory: URL) throws(StoreError) -> Artifact {
        try takeFiles(below: directory) { path throws(StoreError) in
            guard let (digest, size) = try DurableFile.finish(path) else { return try importFile(at: path) }
            try DurableFile.publish(URL(fileURLWithPath: path), as: folder.place(of: digest), below: layout.root)
            return (digest, size)
        }
    }

    /// What a directory would be as an artifact; nothing is imported.
    func artifact(of directory: URL) throws(StoreError) -> Artifact {
        try takeFiles(below: directory) { path throws(StoreError) in try DurableFile.digest(of: path) }
    }

    private func takeFiles(
        below directory: URL, by take: (String) throws(StoreError) -> (digest: Digest, size: Int)
    ) throws(StoreError) -> Artifact {
        var files: [Artifact.File] = []
        for path in try regularFiles(below: directory) {
            let (digest, size) = try take(directory.path + "/" + path)
            files.append(.init(path: path, size: size, digest: digest))
        }
        return Artifact(files: files)
    }

    /// Moves a damaged object aside.
    func putAside(_ digest: Digest) throws(StoreError) {
        let damaged = layout.damaged.appending(path: digest.hex)
        try DurableFile.makeFolder(layout.damaged)
        guard rename(folder.place(of: digest).path, damaged.path) == 0 || errno == ENOENT else {
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
        try StoreError.onWriting(destination.path) { try FileManager.default.copyItem(at: url, to: destination) }
        chmod(destination.path, 0o666 & ~Permissions.umask)
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
            try DurableFile.makeFolder(destination.deletingLastPathComponent())
            if link(url.path, destination.path) == 0 { continue }
            try StoreError.onWriting(destination.path) { try FileManager.default.copyItem(at: url, to: destination) }
        }
    }

    /// Paths of the files below a directory. All are looked at before the first one is taken.
    private func regularFiles(below directory: URL) throws(StoreError) -> [String] {
        guard let listing = FolderListing(of: directory, followsLinks: false) else {
            throw .cannotRead(path: directory.path, reason: "there is no such folder")
        }
        if let name = listing.unspeakable.first {
            throw .notAnArtifact("the name '\(FileNames.shown(name))' is not UTF-8; give the file another name")
        }
        if let other = listing.entries.first(where: { $0.kind != .file }) {
            throw .notAnArtifact("'\(FileNames.shown(other.path))' is a link or a special file; only regular files can be kept")
        }
        let paths = try listing.paths()
        if let fault = FileNames.fault(in: paths) { throw .notAnArtifact(fault) }
        return paths
    }
}

extension Store {
    /// The digest of a file outside the store. A large file is not read again where its stamp shows that it has not changed.
    package func digest(ofFileAt path: String) throws(StoreError) -> Digest {
        guard let before = FileStamp(path: path), before.isTrusted else { return try DurableFile.digest(of: path).digest }
        if let known = try index.digest(of: before) { return known }
        let digest = try DurableFile.digest(of: path).digest
        if before == FileStamp(path: path) { try index.remember(before, digest: digest) }
        return digest
    }

    /// The digest of a file outside the store, which is read whatever its stamp says.
    package func digest(readingFileAt path: String) throws(StoreError) -> Digest { try DurableFile.digest(of: path).digest }

    /// Imports a copy of a file; its path in the result is its last component.
    package func importFile(at path: String) throws(StoreError) -> Artifact.File {
        try requireWritable()
        let (digest, size) = try objects.importFile(at: path)
        return Artifact.File(path: URL(fileURLWithPath: path).lastPathComponent, size: size, digest: digest)
    }

    /// Imports every file below a directory.
    package func importDirectory(_ directory: URL) throws(StoreError) -> Artifact { try objects.importDirectory(directory) }

    /// Imports every file below a directory by moving it: the files are then gone from the directory. From then on nobody may
    /// write to them.
    package func takeDirectory(_ directory: URL) throws(StoreError) -> Artifact { try objects.takeDirectory(directory) }

    /// What a directory would be as an artifact; nothing is imported.
    package func artifact(of directory: URL) throws(StoreError) -> Artifact { try objects.artifact(of: directory) }

    /// Moves a damaged object aside, so that the stage that made it can run again.
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

    /// Puts an artifact's files into a directory, read-only.
    package func materialize(_ artifact: Artifact, at directory: URL) throws(StoreError) {
        try objects.materialize(artifact, at: directory)
    }
}

/// Objects in Git LFS's layout: `aa/bb/<sha256>`, those of this store or of another repository on this machine.
package struct ObjectFolder: Sendable {
    let url: URL
    /// As text, because builds look objects up by the thousand.
    private let path: String
    private let followsLinks: Bool

    package init(_ url: URL, followsLinks: Bool = false) {
        (self.url, self.followsLinks) = (url, followsLinks)
        path = url.path
    }

    func place(of digest: Digest) -> URL { URL(fileURLWithPath: name(of: digest), isDirectory: false) }

    private func name(of digest: Digest) -> String {
        let hex = digest.hex
        return "\(path)/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
    }

    /// Bytes of an object; `nil` where it is absent.
    func size(of digest: Digest) -> Int? {
        var status = stat()
        guard (followsLinks ? stat : lstat)(name(of: digest), &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Int(status.st_size)
    }

    /// Where an object lies and how many bytes it has; `nil` where it is absent.
    package func object(_ digest: Digest) -> (url: URL, size: Int)? { size(of: digest).map { (place(of: digest), $0) } }

    /// Copies an object into the folder and hashes it on the way.
    package func take(_ file: URL, as digest: Digest) throws(StoreError) {
        let temporary = url.deletingLastPathComponent().appending(path: "tmp", directoryHint: .isDirectory)
        try DurableFile.makeFolder(temporary)
        let copy = try DurableFile.copy(file.path, into: temporary)
        guard copy.digest == digest else {
            unlink(copy.file.path)
            throw .damagedObject(digest)
        }
        let repository = url.deletingLastPathComponent().deletingLastPathComponent()
        try DurableFile.publish(copy.file, as: place(of: digest), below: repository)
    }
}
