import BuildModel
import CanonicalJSON
import Declarations
import Diagnostics
import RecipeLanguage

/// The lock file beside a recipe: which bytes its sources from elsewhere stand for.
package struct SourceLock: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        /// What the recipe asked for when the source was locked, canonical.
        package var request: JSON
        /// The commit that a branch or tag stood for; `nil` for sources without revisions.
        package var revision: String?
        /// Sorted by path.
        package var files: [FixedOutput.File]

        package init(request: JSON, revision: String?, files: [FixedOutput.File]) {
            (self.request, self.revision) = (request, revision)
            self.files = files.sorted { $0.path < $1.path }
        }
    }

    package var entries: [String: Entry]

    package init(entries: [String: Entry] = [:]) { self.entries = entries }

    /// The file's text: JSON for people, keys sorted, so that equal locks are equal files.
    package var text: String {
        let sources = entries.mapValues { entry -> JSON in
            var members: [String: JSON] = [
                "request": entry.request,
                "files": .array(entry.files.map { ["path": .string($0.path), "sha256": .string($0.digest.hex)] }),
            ]
            members["revision"] = entry.revision.map(JSON.string)
            return .object(members)
        }
        return JSON.object(["decant_lock": 1, "sources": .object(sources)]).prettyText
    }

    /// Reads a lock file's text back.
    ///
    /// - Throws: `LockError` where it is not one.
    package init(text: String) throws(LockError) {
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: text) } catch { throw LockError("\(error)") }
        guard json["decant_lock"] == 1, let sources = json["sources"]?.object else {
            throw LockError("it has no 'decant_lock: 1' with 'sources'")
        }
        var entries: [String: Entry] = [:]
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
            guard let request = source["request"], let files = source["files"]?.array, !files.isEmpty else {
                throw LockError("the source '\(name)' has no request and files")
            }
            let pinned = files.compactMap { file -> FixedOutput.File? in
                guard let path = file["path"]?.string, Artifact.isPortable(path: path),
                    let digest = file["sha256"]?.string.flatMap(Digest.init(hex:))
                else { return nil }
                return FixedOutput.File(path: path, digest: digest)
            }
            guard pinned.count == files.count else { throw LockError("the source '\(name)' has a file without path or digest") }
            entries[name] = Entry(request: request, revision: source["revision"]?.string, files: pinned)
        }
        self.init(entries: entries)
    }

    /// The commit recorded for a source, while the recipe still asks for the same.
    func revision(of source: Source) -> String? {
        guard let entry = entries[source.name.value], entry.request == source.request else { return nil }
        return entry.revision
    }
}

/// Why a file is no lock file.
package struct LockError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension Source {
    /// What the recipe asks for, in canonical words; a lock entry holds for this and nothing else.
    package var request: JSON {
        var members: [String: JSON] = ["member": .array(self.members.value.map(\.value).sorted().map(JSON.string))]
        switch origin {
        case .path(let path): members["path"] = .string(path.value)
        case .http(let url): members["http"] = .string(url.value)
        case .pypi(let requirement): members["pypi"] = .string(requirement.value)
        case .git(let url): members["git"] = .string(url.value)
        case .huggingFace(let repository): members["huggingface"] = .string(repository.value)
        }
        if revision.isWritten { members["revision"] = .string(revision.value) }
        return .object(members)
    }

    /// Where the source's files come from.
    ///
    /// - Parameter revision: the commit that a lock records for the recipe's revision.
    package func fetchOrigin(revision locked: String? = nil) -> FixedOutput.Origin {
        let members = self.members.value.map(\.value)
        let revision = locked ?? self.revision.value
        return switch origin {
        case .path(let path): .path(path.value)
        case .http(let url): .url(url.value, members: members)
        case .pypi(let requirement): .pypi(requirement: requirement.value, members: members)
        case .git(let url): .git(url: url.value, revision: revision, members: members)
        case .huggingFace(let repository):
            .huggingFace(repository: repository.value, revision: revision, members: members)
        }
    }

    /// Whether the lock file has to pin the source.
    package var needsLock: Bool {
        if case .path = origin { false } else { sha256 == nil }
    }

    /// The name of the one file that a source pinned in the recipe gives: the member's or the URL's own where that is
    /// plain, else one made of the package's name and the pattern's extension.
    package var singleFileName: String {
        let pattern = members.value.first?.value ?? ""
        let last = pattern.split(separator: "/").last.map(String.init) ?? ""
        if !last.isEmpty, !last.contains(where: { "*?[".contains($0) }) { return last }
        let extent = last.split(separator: ".").last.map { ".\($0)" } ?? ""
        let suffix = extent.contains(where: { "*?[".contains($0) }) ? "" : extent
        switch origin {
        case .path(let path): return path.value.split(separator: "/").last.map(String.init) ?? name.value
        case .http(let url):
            let file = url.value.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last.map(String.init) ?? name.value
            return pattern.isEmpty ? file : file + suffix
        case .pypi(let requirement):
            let package = requirement.value.split(separator: "=").first.map(String.init) ?? name.value
            return package + (pattern.isEmpty ? ".whl" : suffix)
        case .git(let url), .huggingFace(let url):
            return (url.value.split(separator: "/").last.map(String.init) ?? name.value) + suffix
        }
    }
}

/// What pins a source: its own digest, or the lock file.
enum SourcePins {
    case success([FixedOutput.File])
    case failure(Problem)

    struct Problem { var diagnostic: Diagnostic }

    init(_ source: Source, _ lock: SourceLock?) {
        let name = source.name.value
        if let digest = source.sha256.flatMap({ Digest(hex: $0.value) }) {
            self = .success([.init(path: source.singleFileName, digest: digest)])
        } else if let entry = lock?.entries[name] {
            if entry.request == source.request {
                self = .success(entry.files)
            } else {
                self = .failure(
                    Problem(
                        diagnostic: Diagnostic(
                            .staleLock, "the lock file pins another '\(name)' than the recipe asks for", at: source.name.span,
                            label: "locked: \(entry.request.canonicalText)", help: "run `decant lock` on the recipe")))
            }
        } else {
            self = .failure(
                Problem(
                    diagnostic: Diagnostic(
                        .unpinnedSource, "nothing pins the source '\(name)'", at: source.name.span, label: "no digest",
                        help: "run `decant lock` on the recipe, or add 'sha256: DIGEST'")))
        }
    }
}
