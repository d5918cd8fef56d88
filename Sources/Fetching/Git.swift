import Foundation
import HTTP

/// A git repository elsewhere, through the git program: it knows this machine's credentials.
struct Git {
    private let url: String
    private let environment: [String: String]

    /// Variables that would make git work on another repository.
    private static let dropped = [
        "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_ATTR_SOURCE",
    ]

    /// No questions on the terminal, no other protocols, no endless waiting: a minute without a byte is an end.
    private static let settings = [
        "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "http:https:ssh:file", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "60",
    ]

    init(url: String, environment: [String: String]) throws(FetchError) {
        let isAddress = url.wholeMatch(of: /(?:http|https|ssh|file):\/\/[^\s\p{Cc}]+/) != nil
        let isShortAddress = url.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s\p{Cc}]+/) != nil
        guard url.utf8.count <= 4096, !url.hasControlCharacters, isAddress || isShortAddress else {
            throw .invalid(url, expected: "the address of a git repository: http, https, ssh or file")
        }
        self.url = url
        var environment = environment.filter { !Self.dropped.contains($0.key) }
        environment["GIT_SSH_COMMAND"] = environment["GIT_SSH_COMMAND"] ?? "ssh -oBatchMode=yes -oConnectTimeout=30"
        self.environment = environment.merging(Self.settings) { $1 }
    }

    /// Fetches a commit and gives its files as a tar archive, byte for byte as they were committed.
    func archive(of revision: String, _ workspace: FetchWorkspace) async throws(FetchError) -> URL {
        try Revision.check(revision)
        let git = ToolRun(program: "git", environment: environment, workspace: workspace)
        let repository = workspace.scratch.appending(path: "repository.git", directoryHint: .isDirectory)
        try await git(["init", "--quiet", "--bare", "--template=", repository.path])
        // These come before the repository's own attributes, which could leave files out of an archive or convert them.
        try FetchError.keeping(workspace.label) {
            let attributes = "* -export-ignore -export-subst -text -eol -ident -filter -working-tree-encoding\n"
            let info = repository.appending(path: "info", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: info, withIntermediateDirectories: true)
            try Data(attributes.utf8).write(to: info.appending(path: "attributes"))
        }
        let here = ["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "--git-dir", repository.path]
        let commit = try await fetch(revision, git: { arguments throws(FetchError) in try await git(here + arguments) })
        let tree = workspace.scratch.appending(path: "tree.tar")
        try await git(here + ["archive", "--format=tar", "--output", tree.path, commit])
        return tree
    }

    /// Fetches one commit where the server gives one by that name, else everything.
    ///
    /// - Returns: the commit's id.
    private func fetch(
        _ revision: String, git: ([String]) async throws(FetchError) -> String
    ) async throws(FetchError) -> String {
        let quietly = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"]
        func commit(_ name: String) async throws(FetchError) -> String {
            try await git(["rev-parse", "--verify", name + "^{commit}"]).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        do {
            _ = try await git(quietly + ["--depth", "1", "--", url, revision])
            return try await commit("FETCH_HEAD")
        } catch {
            if error.isMissingProgram { throw error }
        }
        _ = try await git(quietly + ["--", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])
        do {
            return try await commit(revision)
        } catch {
            throw .unknownRevision(url: url, revision: revision)
        }
    }

    /// The commit that a branch or a tag names now.
    func commit(of revision: String, _ workspace: FetchWorkspace) async throws(FetchError) -> String {
        try Revision.check(revision)
        if Revision.isCommit(revision) { return revision }
        let git = ToolRun(program: "git", environment: environment, workspace: workspace)
        // The first that is there counts, as where git itself reads a name. A tag's `^{}` is the commit that it points to.
        let names = ["\(revision)", "refs/tags/\(revision)^{}", "refs/tags/\(revision)", "refs/heads/\(revision)"]
        var commits: [String: String] = [:]
        for line in try await git(["ls-remote", "--quiet", "--", url] + names).split(separator: "\n") {
            let parts = line.split(separator: "\t")
            if parts.count == 2 { commits[String(parts[1])] = String(parts[0]) }
        }
        guard let commit = names.lazy.compactMap({ commits[$0] }).first, Revision.isCommit(commit) else {
            throw .unknownRevision(url: url, revision: revision)
        }
        return commit
    }
}
