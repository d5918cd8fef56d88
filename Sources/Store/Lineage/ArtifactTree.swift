import BuildModel
import CLibgit2
import Foundation

/// An artifact as a git tree: small texts as themselves, everything else as Git LFS pointers.
///
/// A file stands as itself if it has at most 64 KiB, is UTF-8 without a zero byte, and does not look like a pointer. The rule
/// looks at content alone, so that the tree is a pure function of the artifact.
package enum ArtifactTree {
    package static let inlineLimit = 64 << 10

    /// Writes the tree and returns it with the paths of its pointers.
    static func write(
        _ artifact: Artifact, from objects: ObjectStore, to repository: GitRepository
    ) throws(StoreError) -> (tree: git_oid, pointers: [String]) {
        var root = GitTree.directory([:])
        var pointers: [String] = []
        for file in artifact.files {
            let content: [UInt8]
            if let text = try inlineText(of: file, in: objects) {
                content = text
            } else {
                content = Array(LFSPointer(digest: file.digest, size: file.size).text.utf8)
                pointers.append(file.path)
            }
            root.insert(.blob(try repository.writeBlob(content)), at: Artifact.components(of: file.path))
        }
        return (try repository.write(root), pointers)
    }

    /// Reads the artifact of a tree.
    static func read(_ tree: git_oid, from repository: GitRepository) throws(StoreError) -> Artifact {
        var files: [Artifact.File] = []
        for (path, id) in try repository.files(below: tree) {
            guard Artifact.isPortable(path: path) else {
                throw .git(operation: "read a tree", reason: "'\(FileNames.shown(path))' is not a portable name")
            }
            let content = try repository.readBlob(id)
            if let pointer = LFSPointer(content) {
                files.append(.init(path: path, size: pointer.size, digest: pointer.digest))
            } else {
                files.append(.init(path: path, size: content.count, digest: Digest(hashing: content)))
            }
        }
        return Artifact(files: files)
    }

    /// `.gitattributes` for pointers at these paths; no file is converted in any other way.
    static func attributes(pointers: [String]) -> String {
        (["* -text"] + pointers.sorted().map { pattern(for: $0) + " filter=lfs diff=lfs merge=lfs -text" })
            .map { $0 + "\n" }.joined()
    }

    private static func inlineText(of file: Artifact.File, in objects: ObjectStore) throws(StoreError) -> [UInt8]? {
        guard file.size <= inlineLimit else { return nil }
        let content = try [UInt8](objects.read(file.digest))
        return standsAsItself(content) ? content : nil
    }

    /// Whether git stores a file of this content itself.
    static func standsAsItself(_ content: [UInt8]) -> Bool {
        content.count <= inlineLimit && !content.contains(0) && String(validating: content, as: UTF8.self) != nil
            && !content.starts(with: LFSPointer.prefix.utf8)
    }

    /// A pattern that matches exactly one path: wildcards escaped, quoted where white space or quotes ask for it.
    private static func pattern(for path: String) -> String {
        var escaped = ""
        for scalar in path.unicodeScalars {
            if "*?[]\\".unicodeScalars.contains(scalar) { escaped.unicodeScalars.append("\\") }
            escaped.unicodeScalars.append(scalar)
        }
        guard path.unicodeScalars.contains(where: { $0 == " " || $0 == "\"" || $0 == "\\" }) else { return escaped }
        var quoted = ""
        for scalar in escaped.unicodeScalars {
            if scalar == "\\" || scalar == "\"" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return "\"" + quoted + "\""
    }
}

/// The small text that git stores in place of a file that Git LFS keeps.
package struct LFSPointer: Equatable {
    var digest: Digest
    /// Bytes.
    var size: Int

    static let prefix = "version https://git-lfs.github.com/spec/v1\n"

    var text: String { "\(Self.prefix)oid sha256:\(digest.hex)\nsize \(size)\n" }

    init(digest: Digest, size: Int) { (self.digest, self.size) = (digest, size) }

    /// Reads a pointer; `nil` for any text that is not exactly one.
    package init?(_ content: [UInt8]) {
        guard content.count < 200, let text = String(validating: content, as: UTF8.self), text.hasPrefix(Self.prefix)
        else { return nil }
        let lines = text.dropFirst(Self.prefix.count).split(separator: "\n")
        guard lines.count == 2, lines[0].hasPrefix("oid sha256:"), lines[1].hasPrefix("size "),
            let digest = Digest(hex: String(lines[0].dropFirst(11))), let size = Int(lines[1].dropFirst(5)),
            (0...Artifact.mostFileBytes).contains(size)
        else { return nil }
        self.init(digest: digest, size: size)
        guard self.text == text else { return nil }
    }
}

extension GitRepository {
    /// Whether every file of an artifact is in the object store or in git itself.
    func holds(_ record: StageRecord, in objects: ObjectStore) throws(StoreError) -> Bool {
        for file in record.artifact.files where objects.object(file.digest) == nil {
            guard file.size <= ArtifactTree.inlineLimit, let commit = try commit(record.commit),
                let id = try entry("artifact/" + file.path, of: commit.tree), LFSPointer(try readBlob(id)) == nil
            else { return false }
        }
        return true
    }

    /// Copies the texts of an artifact that only git has into the object store.
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

    /// The files of an artifact for which git has only a pointer.
    package func pointers(of record: StageRecord) throws(StoreError) -> [Artifact.File] {
        guard let commit = try commit(record.commit), let tree = try entry("artifact", of: commit.tree) else { return [] }
        var files: [Artifact.File] = []
        for file in record.artifact.files {
            if let blob = try entry(file.path, of: tree), LFSPointer(try readBlob(blob)) != nil { files.append(file) }
        }
        return files
    }
}
