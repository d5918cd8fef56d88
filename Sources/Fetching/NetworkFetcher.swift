import BuildModel
import Foundation
import HTTP
import Store

/// Fetches files from outside. Only sources need this: a stage has no network.
package protocol OriginFetcher: Sendable {
    /// Fetches the files that an origin's members choose; all of them, or the one file that it is, where it names no members.
    ///
    /// Nothing is checked against a digest here.
    ///
    /// - Parameter directory: is made, and must not exist.
    /// - Returns: the files' paths below the directory, sorted; at least one.
    func fetch(_ origin: FixedOutput.Origin, into directory: URL) async throws(FetchError) -> [String]

    /// Replaces a branch or tag with the commit that it names now. Other origins stay as they are.
    func resolve(_ origin: FixedOutput.Origin) async throws(FetchError) -> FixedOutput.Origin
}

/// Fetches over the network, with this machine's `python3 -m pip` and `git` for what they know best.
package struct NetworkFetcher: OriginFetcher {
    private let environment: [String: String]
    private let policy: DownloadPolicy

    /// - Parameters:
    ///   - environment: where `PATH`, `HF_ENDPOINT`, `HF_TOKEN` and the settings of pip and git are looked up.
    ///   - backoff: how long to wait before a download that failed is tried again.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment, backoff: Backoff = Backoff()
    ) {
        self.environment = environment
        policy = DownloadPolicy(
            retries: Retries(backoff: backoff),
            settings: NetworkSettings(environment: environment, git: GitConfiguration(environment: environment).pairs))
    }

    package func fetch(_ origin: FixedOutput.Origin, into directory: URL) async throws(FetchError) -> [String] {
        let workspace = try FetchWorkspace(origin: origin, files: directory)
        defer { workspace.remove() }
        switch origin {
        case .path(let path):
            return [try workspace.keep(URL(fileURLWithPath: path))]
        case .folder(let path):
            throw FetchError("\(path) is a folder, whose files are taken when a build begins")
        case .url(let url, let members):
            return try await fetch(url: url, members: Members(members), workspace)
        case .pypi(let requirement, let members):
            let wheel = try await PyPI(environment: environment).download(requirement, workspace)
            return try workspace.keep(wheel, members: Members(members))
        case .git(let url, let revision, let members):
            let tree = try await Git(url: url, environment: environment).archive(of: revision, workspace)
            return try workspace.extract(tree, members: Members(members))
        case .huggingFace(let repository, let revision, let members):
            let hub = try HuggingFace(repository: repository, environment: environment, policy: policy)
            return try await hub.download(revision: revision, members: Members(members), workspace)
        }
    }

    package func resolve(_ origin: FixedOutput.Origin) async throws(FetchError) -> FixedOutput.Origin {
        switch origin {
        case .path, .folder, .url, .pypi:
            return origin
        case .git(let url, let revision, let members):
            let workspace = try FetchWorkspace(origin: origin)
            defer { workspace.remove() }
            let commit = try await Git(url: url, environment: environment).commit(of: revision, workspace)
            return .git(url: url, revision: commit, members: members)
        case .huggingFace(let repository, let revision, let members):
            let workspace = try FetchWorkspace(origin: origin)
            defer { workspace.remove() }
            let hub = try HuggingFace(repository: repository, environment: environment, policy: policy)
            let commit = try await hub.commit(of: revision, workspace)
            return .huggingFace(repository: repository, revision: commit, members: members)
        }
    }

    private func fetch(url: String, members: Members, _ workspace: FetchWorkspace) async throws(FetchError) -> [String] {
        guard let address = URL(string: url), WebOrigin(address) != nil, !url.hasControlCharacters else {
            throw .invalidURL(url)
        }
        let name = Artifact.isPortable(path: address.lastPathComponent) ? address.lastPathComponent : "file"
        let file = workspace.scratch.appending(path: name)
        try await workspace.download(address, to: file, by: policy)
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

extension OriginFetcher {
    /// Fetches an origin's files into a store, whatever they are: what a lock file then pins.
    ///
    /// - Throws: `FetchError` where they cannot be had.
    package func fetch(_ origin: FixedOutput.Origin, into store: Store) async throws -> Artifact {
        let scratch = try await store.awaitScratch(for: Digest(hashing: "\(origin)"))
        defer { scratch.remove() }
        let directory = try scratch.place(for: "files")
        return Artifact(
            files: try await named(fetch(origin, into: directory), of: origin).map { path in
                let imported = try store.importFile(at: directory.appending(path: path).path)
                return Artifact.File(path: path, size: imported.size, digest: imported.digest)
            })
    }

    /// Fetches pinned files into a store. None is taken in before all have the bytes that are pinned.
    ///
    /// - Throws: `FetchError` where they cannot be had, or are others.
    package func fetch(_ source: FixedOutput, into store: Store) async throws -> Artifact {
        let scratch = try await store.awaitScratch(for: Digest(hashing: "\(source)"))
        defer { scratch.remove() }
        let directory = try scratch.place(for: "files")
        let fetched = try await named(fetch(source.origin, into: directory), of: source.origin)
        let paths = try source.sources(among: fetched).map { directory.appending(path: $0).path }
        for (file, path) in zip(source.files, paths) {
            let found = try store.digest(readingFileAt: path)
            guard found == file.digest else { throw source.otherBytes(found, for: file) }
        }
        return Artifact(
            files: try zip(source.files, paths).map { file, path in
                let imported = try store.importFile(at: path)
                guard imported.digest == file.digest else { throw source.otherBytes(imported.digest, for: file) }
                return Artifact.File(path: file.path, size: imported.size, digest: imported.digest)
            })
    }

    /// Refuses names that cannot leave this machine together.
    private func named(_ paths: [String], of origin: FixedOutput.Origin) throws(FetchError) -> [String] {
        if let fault = FileNames.fault(in: paths) {
            throw FetchError("\(origin.label) gives files that cannot be kept: \(fault), or choose others with `member`")
        }
        return paths
    }
}

extension FixedOutput.Origin {
    /// The commit, branch or tag of a repository; `nil` for what has none.
    package var revision: String? {
        switch self {
        case .git(_, let revision, _), .huggingFace(_, let revision, _): revision
        case .path, .folder, .url, .pypi: nil
        }
    }
}

extension FixedOutput {
    /// Which fetched file each pinned file is: the only one there is where one is pinned, whatever its name, else the one of
    /// the same path.
    ///
    /// - Returns: paths of fetched files, in the order of `files`.
    func sources(among fetched: [String]) throws(FetchError) -> [String] {
        if files.count == 1 {
            guard let only = fetched.first, fetched.count == 1 else {
                throw FetchError(
                    "\(origin.label) gives several files where one is pinned; choose one with `member`: "
                        + FetchError.list(fetched))
            }
            return [only]
        }
        let names = Set(fetched.map { FileName($0) })
        for file in files where !names.contains(FileName(file.path)) {
            throw FetchError("\(origin.label) gives no file \(file.path); it gives \(FetchError.list(fetched))")
        }
        return files.map(\.path)
    }

    fileprivate func otherBytes(_ found: Digest, for file: File) -> FetchError {
        FetchError(
            "\(label(of: file)) gave other bytes than the recipe pins: sha256 is \(found), the recipe says \(file.digest)")
    }

    /// A pinned file in words, for a message about its bytes.
    func label(of file: File) -> String { files.count == 1 ? origin.label : "\(file.path) of \(origin.label)" }
}
