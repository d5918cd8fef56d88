/// A file beside the recipe. Fixed output: the digest is the key.
///
/// Output: the file under its own name.
public struct SourceFile: StageKind {
    public static let name = "source.file"
    public static let revision = 1

    /// The file's name in the artifact.
    public var file: String
    public var sha256: String

    public init(file: String, sha256: String) {
        self.file = file
        self.sha256 = sha256
    }
}

/// A file from a URL. Fixed output: the digest is the key, the URL is not part of it.
///
/// Output: the file under the URL's last path component.
public struct SourceHTTP: StageKind {
    public static let name = "source.http"
    public static let revision = 1

    public var file: String
    public var sha256: String

    public init(file: String, sha256: String) {
        self.file = file
        self.sha256 = sha256
    }
}
