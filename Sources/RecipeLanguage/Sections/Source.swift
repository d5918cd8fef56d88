import Declarations
import Diagnostics

/// Files from outside, pinned by their digests.
package struct Source: Sendable {
    package enum Origin: Sendable {
        /// A file beside the recipe, relative to the folder of the file that names it.
        case path(Spanned<String>)
        case http(Spanned<String>)
        /// `name==version`.
        case pypi(Spanned<String>)
        case git(Spanned<String>)
        /// `owner/name` of a model, `datasets/owner/name` of a data set.
        case huggingFace(Spanned<String>)

        package var written: Spanned<String> {
            switch self {
            case .path(let text), .http(let text), .pypi(let text), .git(let text), .huggingFace(let text): text
            }
        }
    }

    package let name: Spanned<String>
    package let origin: Origin
    /// Which files of an archive, a package or a repository: glob patterns; none for all.
    package let members: Spanned<[Spanned<String>]>
    /// A commit, branch or tag of a repository.
    package let revision: Spanned<String>
    /// 64 lower-case hexadecimal digits; `nil` where the lock file pins the source.
    package let sha256: Spanned<String>?

    static let origins = ["path", "http", "pypi", "git", "huggingface"]
    enum Definition {
        static let path = Field.text(
            "path", "A file beside the recipe; its digest is taken whenever the recipe is planned, unless `sha256` pins it.")
        static let http = Field.text("http", "The URL of a file, or of an archive with `member`.")
        static let pypi = Field.text(
            "pypi", "A distribution of the Python package index, `NAME==VERSION`; pip fetches its wheel.")
        static let git = Field.text("git", "The URL of a git repository.")
        static let huggingFace = Field.text(
            "huggingface", "A model of the Hugging Face hub, `OWNER/NAME`, or a data set, `datasets/OWNER/NAME`.")
        static let member = Field.words(
            "member", "Which files of the archive, package or repository: patterns such as `*.gguf`.")
        static let revision = Field.text(
            "revision", "A commit, branch or tag; the lock file records the commit that it stands for.")
        static let sha256 = Field.text("sha256", "The SHA-256 of the one file that the source gives; a lock file pins several.")
        static let mapping = MappingDefinition(
            "sources.NAME", "Files from outside, pinned by digest; exactly one of the first five fields says where they are.",
            [path, http, pypi, git, huggingFace, member, revision, sha256])
        static let field = RawField("sources", .named(.mapping(mapping)), mapping.documentation)
    }

    /// Reads `sources`, sorted by name; those that are wrong keep their name, so that references to them are no errors too.
    static func list(reading recipe: Fields) -> [Source] {
        recipe.named(Definition.field, Definition.mapping).map { Source(name: $0.name, reading: $0.fields) }.sorted {
            $0.name.value < $1.name.value
        }
    }

    private init(name: Spanned<String>, reading fields: Fields) {
        self.name = name
        if !name.value.isPlainName {
            fields.report(
                .badName, "'\(Diagnostic.shortened(name.value))' cannot name a source", at: name.span,
                help: "use letters, digits, '-' and '_'")
        }
        members = fields[Definition.member]
        revision = fields[Definition.revision]
        sha256 = Self.digest(fields)
        origin = Self.origin(fields)
        checkTogether(fields)
    }

    private static func origin(_ fields: Fields) -> Origin {
        let written = origins.compactMap(fields.entry)
        if let first = written.first, let second = written.dropFirst().first {
            fields.report(
                .conflict, "\(fields.owner) has both '\(first.name)' and '\(second.name)'", at: second.key.span,
                secondary: [.init(first.key.span)], help: "keep one of the two")
        }
        if let url = fields.written(Definition.http) { return .http(checked(url, fields)) }
        if let requirement = fields.written(Definition.pypi) { return .pypi(checked(requirement: requirement, fields)) }
        if let url = fields.written(Definition.git) { return .git(url) }
        if let repository = fields.written(Definition.huggingFace) {
            return .huggingFace(checked(repository: repository, fields))
        }
        if fields.node("path") == nil, written.isEmpty {
            fields.report(
                .missingField(
                    "path", in: fields.owner, at: fields.anchor,
                    help: "add 'path: FILE', or one of http, pypi, git, huggingface")
            )
        }
        let path = fields[Definition.path]
        reportHubAddress(path, fields, isFile: false)
        return .path(path)
    }

    /// Reports an address of the hub that stands where something else is meant.
    ///
    /// - Parameter isFile: whether the address of a file's bytes is fine.
    /// - Returns: whether it is one.
    @discardableResult
    private static func reportHubAddress(_ text: Spanned<String>, _ fields: Fields, isFile: Bool) -> Bool {
        guard let address = HubAddress(text.value), !(isFile && address.isDownload) else { return false }
        fields.report(
            .badURL, "'\(Diagnostic.shortened(text.value))' is an address of the Hugging Face hub", at: text.span,
            help: "did you mean '\(address.fields)'?")
        return true
    }

    private func checkTogether(_ fields: Fields) {
        switch origin {
        case .path:
            for name in ["member", "revision"] {
                guard let entry = fields.entry(name) else { continue }
                fields.report(
                    .conflict, "a file beside the recipe takes no '\(name)'", at: entry.key.span,
                    help: "leave it out: a path names one file")
            }
        case .http, .pypi:
            guard let entry = fields.entry("revision") else { break }
            fields.report(.conflict, "only 'git' and 'huggingface' have a 'revision'", at: entry.key.span, help: "leave it out")
        case .git, .huggingFace:
            if !revision.isWritten {
                fields.report(
                    .missingField(
                        "revision", in: fields.owner, at: fields.anchor, help: "add 'revision: COMMIT', or a tag or branch"))
            }
        }
    }

    private static func checked(_ url: Spanned<String>, _ fields: Fields) -> Spanned<String> {
        if reportHubAddress(url, fields, isFile: true) { return url }
        let rest = ["https://", "http://"].first { url.value.hasPrefix($0) }.map { url.value.dropFirst($0.count) }
        let path = (rest ?? "").prefix { $0 != "?" && $0 != "#" }.split(separator: "/", omittingEmptySubsequences: false)
        if path.count < 2 || path.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            fields.report(
                .badURL, "'\(Diagnostic.shortened(url.value))' is not the URL of a file", at: url.span,
                help: "write https://HOST/PATH/FILE")
        }
        return url
    }

    private static func checked(requirement: Spanned<String>, _ fields: Fields) -> Spanned<String> {
        let parts = requirement.value.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        if parts.count != 3 || !parts[1].isEmpty || !parts[0].isPlainName || !parts[2].isPlainName {
            fields.report(
                .badRequirement, "'\(Diagnostic.shortened(requirement.value))' names no version of a package",
                at: requirement.span, help: "write NAME==VERSION")
        }
        return requirement
    }

    private static func checked(repository: Spanned<String>, _ fields: Fields) -> Spanned<String> {
        if reportHubAddress(repository, fields, isFile: false) { return repository }
        var parts = repository.value.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.first == "datasets" { parts.removeFirst() }
        if !(1...2).contains(parts.count) || !parts.allSatisfy(\.isPlainName) {
            fields.report(
                .badName, "'\(Diagnostic.shortened(repository.value))' is no repository of the hub", at: repository.span,
                help: "write OWNER/NAME for a model, datasets/OWNER/NAME for a data set")
        }
        return repository
    }

    private static func digest(_ fields: Fields) -> Spanned<String>? {
        guard let digest = fields.written(Definition.sha256) else { return nil }
        if digest.value.utf8.count != 64 || !digest.value.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        {
            fields.report(
                .badDigest, "this is not a SHA-256 digest", at: digest.span, label: "\(digest.value.count) characters",
                help: "write 64 lower-case hexadecimal digits, as 'sha256sum' prints them")
        }
        return digest
    }
}

extension Fields {
    /// Reports a name that is not plain, or that of the recipe's own.
    ///
    /// - Parameter taken: says what has the name `own`.
    func check(_ name: Spanned<String>, canName what: String, besides own: String, _ taken: String) {
        guard !name.value.isPlainName || name.value == own else { return }
        report(
            .badName, "'\(Diagnostic.shortened(name.value))' cannot name \(what)", at: name.span,
            help: name.value == own
                ? "\(taken); choose another name" : "use letters, digits, '-', '_' and '.', a letter or digit first")
    }
}

extension String {
    /// Letters, digits, `-`, `_` and `.`, a letter or digit first: fit for stage names, branches and directories.
    var isPlainName: Bool {
        guard let first = utf8.first, utf8.count <= 100 else { return false }
        func isWord(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        return isWord(first) && utf8.allSatisfy { isWord($0) || $0 == 45 || $0 == 46 || $0 == 95 } && !contains("..")
            && !hasSuffix(".") && !hasSuffix(".lock")
    }
}
