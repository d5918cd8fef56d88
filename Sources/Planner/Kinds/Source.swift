/// A file beside the recipe. Fixed output: the digest is the key.
///
/// Output: the file under its own name.
public struct SourceFile: StageKind {
    public static let name = "source.file"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = []

    /// The file's name in the artifact.
    public var file: String
    public var sha256: String

    public init(file: String, sha256: String) {
        self.file = file
        self.sha256 = sha256
    }
}

/// One file of a source from elsewhere.
public struct PinnedFile: Codable, Hashable, Sendable {
    /// In the artifact.
    public var path: String
    public var sha256: String

    public init(path: String, sha256: String) {
        self.path = path
        self.sha256 = sha256
    }
}

/// Files from elsewhere. Fixed output: the digests are the key; where the files come from is not part of it.
///
/// Output: the files under their paths.
public protocol PinnedSource: StageKind {
    init(files: [PinnedFile])
}

/// A file from a URL, or members of the archive that it is.
public struct SourceHTTP: PinnedSource {
    public static let name = "source.http"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = []

    /// Sorted by path.
    public var files: [PinnedFile]

    public init(files: [PinnedFile]) { self.files = files }
}

/// Members of a distribution of the Python package index.
public struct SourcePyPI: PinnedSource {
    public static let name = "source.pypi"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = []

    /// Sorted by path.
    public var files: [PinnedFile]

    public init(files: [PinnedFile]) { self.files = files }
}

/// Files of a commit of a git repository.
public struct SourceGit: PinnedSource {
    public static let name = "source.git"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = []

    /// Sorted by path.
    public var files: [PinnedFile]

    public init(files: [PinnedFile]) { self.files = files }
}

/// Files of a model or data set of the Hugging Face hub.
public struct SourceHuggingFace: PinnedSource {
    public static let name = "source.huggingface"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = []

    /// Sorted by path.
    public var files: [PinnedFile]

    public init(files: [PinnedFile]) { self.files = files }
}
