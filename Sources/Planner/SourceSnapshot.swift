import BuildModel

/// A source file as it was when the plan was made. The plan never reads files itself.
public struct SourceSnapshot: Hashable, Sendable {
    /// The file's own name, without its folder.
    public var file: String
    public var digest: Digest
    /// Absolute: where the bytes can be read again.
    public var path: String

    public init(file: String, digest: Digest, path: String) {
        self.file = file
        self.digest = digest
        self.path = path
    }
}
