/// A file beside the recipe. Fixed output: the digest is the key.
///
/// Output: the file under its own name.
package struct SourceFile: StageKind {
    package static let name = "source.file"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = []

    /// The file's name in the artifact.
    package var file: String
    package var sha256: String

    package init(file: String, sha256: String) {
        self.file = file
        self.sha256 = sha256
    }
}

/// One file of a source from elsewhere.
package struct PinnedFile: Codable, Hashable, Sendable {
    /// In the artifact.
    package var path: String
    package var sha256: String

    package init(path: String, sha256: String) {
        self.path = path
        self.sha256 = sha256
    }
}

/// Files from elsewhere. Fixed output: the digests are the key; where the files come from is not part of it.
///
/// Output: the files under their paths.
package protocol PinnedSource: StageKind {
    init(files: [PinnedFile])
}

/// A file from a URL, or members of the archive that it is.
package struct SourceHTTP: PinnedSource {
    package static let name = "source.http"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = []

    /// Sorted by path.
    package var files: [PinnedFile]

    package init(files: [PinnedFile]) { self.files = files }
}

/// Members of a distribution of the Python package index.
package struct SourcePyPI: PinnedSource {
    package static let name = "source.pypi"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = []

    /// Sorted by path.
    package var files: [PinnedFile]

    package init(files: [PinnedFile]) { self.files = files }
}

/// Files of a commit of a git repository.
package struct SourceGit: PinnedSource {
    package static let name = "source.git"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = []

    /// Sorted by path.
    package var files: [PinnedFile]

    package init(files: [PinnedFile]) { self.files = files }
}

/// Files of a model or data set of the Hugging Face hub.
package struct SourceHuggingFace: PinnedSource {
    package static let name = "source.huggingface"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = []

    /// Sorted by path.
    package var files: [PinnedFile]

    package init(files: [PinnedFile]) { self.files = files }
}
