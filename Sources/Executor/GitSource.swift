import BuildModel
import Foundation

/// Files of a commit of a git repository, by the `git` program: it knows its user's keys and proxies.
struct GitSource {
    let url: String
    private static let program = ExternalProgram(name: "git", package: "git")

    init(url: String) throws(FetchError) {
        let schemes = ["https://", "http://", "ssh://", "file://"]
        guard schemes.contains(where: url.hasPrefix) else {
            throw .invalid("'\(url)' is no git URL that starts with https, http, ssh or file")
        }
        self.url = url
    }

    /// The commit that a branch, a tag or a commit's own id stands for.
    func commit(of revision: String) throws(FetchError) -> String {
        if Self.isCommit(revision) { return revision }
        try Self.check(revision)
        let lines = try Self.program.run(
            ["ls-remote", "--", url, revision, "refs/tags/\(revision)^{}"], in: URL.temporaryDirectory
        ).split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        // What an annotated tag points to comes before the tag itself.
        let found = lines.first { $0.last?.hasSuffix("^{}") == true } ?? lines.first
        guard let commit = found?.first, Self.isCommit(commit) else {
            throw .invalid("\(url) has no branch or tag '\(revision)'")
        }
        return commit
    }

    func fetch(_ revision: String, members: MemberPatterns, into directory: URL) throws(FetchError) -> [String] {
        let commit = try commit(of: revision)
        let repository = directory.deletingLastPathComponent().appending(path: "git-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: repository) }
        do {
            try FileManager.default.createDirectory(at: repository, withIntermediateDirectories: true)
        } catch {
            throw .invalid("\(repository.path) cannot be made: \(error.localizedDescription)")
        }
        let git = Self.program
        try git.run(["init", "--quiet", "--bare", "."], in: repository)
        do {
            try git.run(["fetch", "--quiet", "--depth", "1", "--", url, commit], in: repository)
        } catch {
            // Not every server gives a commit by its id; all give their branches and tags.
            try git.run(
                ["fetch", "--quiet", "--", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], in: repository)
        }
        // Plain files alone: no links, no submodules.
        let entries = try git.run(["ls-tree", "-r", "-z", commit], in: repository).split(separator: "\0")
        let files = entries.filter { $0.hasPrefix("100") }.compactMap { $0.split(separator: "\t", maxSplits: 1).last.map(String.init) }
        let wanted = files.filter(members.admit)
        guard !wanted.isEmpty else {
            throw .unexpectedFiles(
                origin: url, wanted: "no file \(members.patterns.joined(separator: ", "))", found: files)
        }
        for path in wanted {
            guard Artifact.isPortable(path: path) else { throw .invalid("\(url) has a file that cannot stand in an artifact: '\(path)'") }
            let file = directory.appending(path: path)
            try? FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try git.run(["cat-file", "blob", "\(commit):\(path)"], in: repository, output: file)
        }
        return wanted.sorted()
    }

    private static func isCommit(_ text: String) -> Bool {
        text.utf8.count == 40 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// A name that git cannot take for an option or a pattern.
    private static func check(_ revision: String) throws(FetchError) {
        let isPlain = revision.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-_./".utf8.contains(byte)
        }
        guard isPlain, !revision.hasPrefix("-"), !revision.isEmpty else {
            throw .invalid("'\(revision)' is no branch, tag or commit of git")
        }
    }
}
