import Diagnostics
import SpannedYAML

/// A file from outside, pinned by its digest.
public struct Source: Sendable {
    public enum Origin: Sendable {
        /// Relative to the recipe's folder.
        case path(Spanned<String>)
        /// The digest is SHA-256 in 64 lower-case hexadecimal digits.
        case http(url: Spanned<String>, sha256: Spanned<String>)
    }

    public let name: Spanned<String>
    public let origin: Origin

    private static let laterKinds = ["pypi", "git", "huggingface"]

    /// Reads `sources`, sorted by name; those that are wrong keep their name, so that references to them are no errors too.
    static func list(reading recipe: Fields) -> [Source] {
        guard let node = recipe.node("sources") else { return [] }
        guard let entries = node.mapping else {
            recipe.report(.wrongType("sources", wants: "a mapping such as {functions: {path: …}}", found: node))
            return []
        }
        return entries.map { Source(reading: $0, in: recipe) }.sorted { $0.name.value < $1.name.value }
    }

    private init(reading entry: Node.Entry, in recipe: Fields) {
        let field = "sources.\(entry.name)"
        name = Spanned(entry.name, at: entry.key.span, field: field)
        if !entry.name.isPlainName {
            recipe.report(
                Diagnostic(
                    code: "bad-name", "'\(Diagnostic.shortened(entry.name))' cannot name a source", at: entry.key.span,
                    help: "use letters, digits, '-' and '_'"))
        }
        guard var entries = entry.value.mapping else {
            recipe.report(.wrongType(field, wants: "a mapping such as {path: …}", found: entry.value))
            origin = .path(Spanned("", at: entry.value.span, field: field))
            return
        }
        let isLater = entries.contains { Self.laterKinds.contains($0.name) }
        // What else such a source says cannot be judged yet.
        if isLater { entries = entries.filter { Self.laterKinds.contains($0.name) } }
        let fields = Fields(
            path: field, anchor: entry.key.span, entries: entries, known: ["path", "http", "sha256"], later: Self.laterKinds,
            findings: recipe.findings)
        origin =
            fields.node("http") == nil
            ? .path(isLater ? fields.standard("path", "") : Self.path(fields))
            : .http(url: Self.url(fields), sha256: Self.digest(fields))
    }

    private static func path(_ fields: Fields) -> Spanned<String> {
        if fields.node("path") == nil {
            fields.report(
                .missingField(
                    "path", in: fields.owner, at: fields.anchor, help: "add 'path: FILE', or 'http: URL' with 'sha256: DIGEST'"))
        } else if let sha256 = fields.entry("sha256") {
            fields.report(
                Diagnostic(
                    code: "conflict", "a file beside the recipe needs no 'sha256'", at: sha256.key.span,
                    help: "leave it out: the file's digest is taken when the recipe is planned"))
        }
        return fields.text("path", default: "")
    }

    private static func url(_ fields: Fields) -> Spanned<String> {
        let url = fields.text("http", default: "")
        if let path = fields.entry("path") {
            fields.report(
                Diagnostic(
                    code: "conflict", "\(fields.owner) has both 'path' and 'http'", at: path.key.span,
                    help: "keep one of the two"))
        }
        let rest = ["https://", "http://"].first { url.value.hasPrefix($0) }.map { url.value.dropFirst($0.count) }
        let path = (rest ?? "").prefix { $0 != "?" && $0 != "#" }.split(separator: "/", omittingEmptySubsequences: false)
        if path.count < 2 || path.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            fields.report(
                Diagnostic(
                    code: "bad-url", "'\(Diagnostic.shortened(url.value))' is not the URL of a file", at: url.span,
                    help: "write https://HOST/PATH/FILE"))
        }
        return url
    }

    private static func digest(_ fields: Fields) -> Spanned<String> {
        let digest = fields.text("sha256", default: "")
        if !digest.isWritten {
            fields.report(
                .missingField(
                    "sha256", in: fields.owner, at: fields.anchor, help: "add the file's SHA-256, as 'sha256sum FILE' prints it"))
        } else if digest.value.utf8.count != 64 || !digest.value.utf8.allSatisfy({ Array("0123456789abcdef".utf8).contains($0) })
        {
            fields.report(
                Diagnostic(
                    code: "bad-digest", "this is not a SHA-256 digest", at: digest.span,
                    label: "\(digest.value.count) characters",
                    help: "write 64 lower-case hexadecimal digits, as 'sha256sum' prints them"))
        }
        return digest
    }
}

extension String {
    /// Letters, digits, `-`, `_` and `.`, a letter or digit first: fit for stage names, branches and directories.
    var isPlainName: Bool {
        guard let first = utf8.first, utf8.count <= 100 else { return false }
        func isWord(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        return isWord(first) && utf8.allSatisfy { isWord($0) || Array("-_.".utf8).contains($0) } && !contains("..")
            && !hasSuffix(".") && !hasSuffix(".lock")
    }
}
