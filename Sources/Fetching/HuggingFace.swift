import BuildModel
import CanonicalJSON
import Foundation
import HTTP

/// A repository of models or data sets, over its HTTP interface.
struct HuggingFace {
    /// `owner/name` of a model, `datasets/owner/name` of a data set.
    private let repository: String
    private let endpoint: String
    private let token: String?
    private let backoff: Backoff

    init(repository: String, environment: [String: String], backoff: Backoff) throws(FetchError) {
        let name = /(?:datasets\/)?[0-9A-Za-z_][0-9A-Za-z._-]*(?:\/[0-9A-Za-z_][0-9A-Za-z._-]*)?/
        guard repository.utf8.count <= 255, repository.wholeMatch(of: name) != nil else {
            throw .invalid(repository, expected: "the name of a model on Hugging Face: owner/name")
        }
        var endpoint = environment["HF_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 } ?? "https://huggingface.co"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        guard ["http", "https"].contains(URL(string: endpoint)?.scheme) else { throw .invalidURL(endpoint) }
        (self.repository, self.backoff, self.endpoint) = (repository, backoff, endpoint)
        token = environment["HF_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Downloads the chosen files of a revision.
    func download(revision: String, members: Members, _ workspace: FetchWorkspace) async throws(FetchError) -> [String] {
        let files = try await description(of: revision, workspace).files
        try members.check(all: files, workspace.label)
        let chosen = files.filter(members.choose).sorted()
        for path in chosen {
            let file = workspace.files.appending(path: path)
            try FetchError.keeping(workspace.label) {
                try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            }
            let parts = Artifact.components(of: path).map(Self.escaped).joined(separator: "/")
            try await get("\(endpoint)/\(repository)/resolve/\(Self.escaped(revision))/\(parts)", to: file, workspace)
        }
        return chosen
    }

    /// The commit that a branch or a tag names now.
    func commit(of revision: String, _ workspace: FetchWorkspace) async throws(FetchError) -> String {
        if Revision.isCommit(revision) { return revision }
        return try await description(of: revision, workspace).commit
    }

    private func description(
        of revision: String, _ workspace: FetchWorkspace
    ) async throws(FetchError) -> (commit: String, files: [String]) {
        try Revision.check(revision)
        let kind = repository.hasPrefix("datasets/") ? "" : "models/"
        let url = "\(endpoint)/api/\(kind)\(repository)/revision/\(Self.escaped(revision))"
        let file = workspace.scratch.appending(path: "description.json")
        try await get(url, to: file, workspace, limit: 64 << 20)
        guard let content = try? Data(contentsOf: file), let answer = try? JSON(parsing: content) else {
            throw .unexpectedAnswer(url: url, reason: "it is not JSON")
        }
        guard let commit = answer["sha"]?.string, Revision.isCommit(commit), let files = answer["siblings"]?.array else {
            throw .unexpectedAnswer(url: url, reason: "it names no commit, or no files")
        }
        return (commit, files.compactMap { $0["rfilename"]?.string })
    }

    private func get(
        _ address: String, to file: URL, _ workspace: FetchWorkspace, limit: Int? = nil
    ) async throws(FetchError) {
        guard let url = URL(string: address) else { throw .invalidURL(address) }
        do {
            try await workspace.download(url, to: file, token: token, limit: limit, backoff: backoff)
        } catch {
            // The hub asks for a token.
            guard let status = error.status, status == 401 || status == 403 else { throw error }
            throw FetchError(
                "\(address) answered with HTTP status \(status): it does not exist, or needs a token in HF_TOKEN "
                    + "that may read it"
            )
        }
    }

    /// A component of a URL's path.
    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(
            withAllowedCharacters: .alphanumerics.intersection(.init(charactersIn: "\0"..."~"))
                .union(.init(charactersIn: "-._~"))) ?? text
    }
}
