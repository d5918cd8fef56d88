import BuildModel
import Declarations

package enum SourceKinds {
    static let kinds: [any StageKind.Type] = [
        SourceFile.self, SourceFolder.self, SourceHTTP.self, SourcePyPI.self, SourceGit.self, SourceHuggingFace.self,
    ]
}

/// A file beside the recipe. Fixed output: the digest is the key.
///
/// Output: the file under its own name.
package struct SourceFile: StageKind {
    package static let declaration = KindDeclaration(
        "source.file", revision: 1, output: "a file beside the recipe, under its own name")

    /// The file's name in the artifact.
    @Spanned package var file = ""
    @Spanned package var sha256 = ""

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$file, .text("file", "The file's name."), at: .elsewhere, isNeeded: true),
        .init(\.$sha256, .text("sha256", "The digest of its bytes."), at: .elsewhere, isNeeded: true),
    ]

    package var names: [FileName] { [FileName(file)] }
}

/// One file of a source from elsewhere.
package struct PinnedFile: Codable, Hashable, Sendable {
    /// In the artifact.
    package var path: String
    package var sha256: String

    package init(path: String, sha256: String) { (self.path, self.sha256) = (path, sha256) }
}

/// Files from elsewhere. Fixed output: the digests are the key; where the files come from is not part of it.
///
/// Output: the files under their paths.
package protocol PinnedSource: StageKind {
    /// Sorted by path.
    var files: Spanned<[PinnedFile]> { get set }
    init()
}

extension PinnedSource {
    package var names: [FileName] { files.value.map { FileName($0.path) } }
    package static var standard: Self { Self() }
    package static var parameters: [Parameter<Self>] {
        let field = Field<[PinnedFile]>(
            "files", .anything, standard: nil, nothing: [], "The files with their digests.", spell: { _ in nil },
            read: { _, _ in nil })
        return [.init(\.files, field, at: .elsewhere, isNeeded: true)]
    }

    fileprivate static func pinned(_ name: String, revision: Int) -> KindDeclaration {
        KindDeclaration(name, revision: revision, output: "files from elsewhere, under their paths")
    }
}

/// The files of a folder beside the recipe: a model, an encoder or adapters.
package struct SourceFolder: PinnedSource {
    package static let declaration = KindDeclaration(
        "source.folder", revision: 1, output: "the files of a folder beside the recipe, under their paths")
    package var files = Spanned<[PinnedFile]>(wrappedValue: [])
    package init() {}
}

/// A file from a URL, or members of the archive that it is.
package struct SourceHTTP: PinnedSource {
    package static let declaration = pinned("source.http", revision: 2)
    package var files = Spanned<[PinnedFile]>(wrappedValue: [])
    package init() {}
}

/// Members of a distribution of the Python package index.
package struct SourcePyPI: PinnedSource {
    package static let declaration = pinned("source.pypi", revision: 1)
    package var files = Spanned<[PinnedFile]>(wrappedValue: [])
    package init() {}
}

/// Files of a commit of a git repository.
package struct SourceGit: PinnedSource {
    package static let declaration = pinned("source.git", revision: 1)
    package var files = Spanned<[PinnedFile]>(wrappedValue: [])
    package init() {}
}

/// Files of a model or data set of the Hugging Face hub.
package struct SourceHuggingFace: PinnedSource {
    package static let declaration = pinned("source.huggingface", revision: 1)
    package var files = Spanned<[PinnedFile]>(wrappedValue: [])
    package init() {}
}
