import BuildModel

/// A source file as it was when the plan was made. The plan never reads files itself.
package struct SourceSnapshot: Hashable, Sendable {
    /// The file's own name, without its folder.
    package var file: String
    package var digest: Digest
    /// Absolute: where the bytes can be read again.
    package var path: String

    package init(file: String, digest: Digest, path: String) {
        self.file = file
        self.digest = digest
        self.path = path
    }
}
