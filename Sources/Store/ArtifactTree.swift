import BuildModel
import CLibgit2
import Foundation

/// An artifact as a git tree: small texts as themselves, everything else as Git LFS pointers.
///
/// A file stands as itself if it has at most 64 KiB, is UTF-8 without a zero byte, and does not look like a pointer. The rule
/// looks at content alone, so that the tree is a pure function of the artifact.
enum ArtifactTree {
    static let inlineLimit = 64 << 10

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

    /// Reads the artifact that a tree stands for.
    static func read(_ tree: git_oid, from repository: GitRepository) throws(StoreError) -> Artifact {
        var files: [Artifact.File] = []
        for (path, id) in try repository.files(below: tree) {
            guard Artifact.isPortable(path: path) else {
                throw .notAnArtifact(path: path, reason: "the name is not portable")
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

    /// Whether a file of this content stands in git as itself.
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
