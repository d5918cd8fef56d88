import Archives
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
    private let policy: DownloadPolicy

    init(repository: String, environment: [String: String], policy: DownloadPolicy) throws(FetchError) {
        let name = /(?:datasets\/)?[0-9A-Za-z_][0-9A-Za-z._-]*(?:\/[0-9A-Za-z_][0-9A-Za-z._-]*)?/
        guard repository.utf8.count <= 255, repository.wholeMatch(of: name) != nil else {
            throw .invalid(
                repository, expected: "a name on Hugging Face: owner/name of a model, datasets/owner/name of a data set")
        }
        var endpoint = environment["HF_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 } ?? "https://huggingface.co"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        guard URL(string: endpoint).flatMap({ WebOrigin($0) }) != nil, !endpoint.hasControlCharacters else {
            throw .invalidURL(endpoint)
        }
        self.repository = repository
        self.policy = policy
        self.endpoint = endpoint
        token = environment["HF_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    }

    private var isDataSet: Bool { repository.hasPrefix("datasets/") }

    /// Downloads the chosen files of a revision.
    func download(revision: String, members: Members, _ workspace: FetchWorkspace) async throws(FetchError) -> [String] {
        let files = try await description(of: revision, workspace).files
        try members.check(all: files, workspace.label)
        let chosen = files.filter(members.choose).sorted()
        // All files of a source together have the limit of an archive.
        var rest = Archive.Limits().bytes
        guard chosen.count <= Archive.Limits().members else {
            throw .unexpectedAnswer(url: workspace.label, reason: "it names \(chosen.count) files, more than are taken")
        }
        for path in chosen {
            let file = workspace.files.appending(path: path)
            try FetchError.keeping(workspace.label) {
                try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            }
            let parts = Artifact.components(of: path).map(Self.escaped).joined(separator: "/")
            try await get(
                "\(endpoint)/\(repository)/resolve/\(Self.escaped(revision))/\(parts)", to: file, workspace,
                limit: min(rest, FileDownload.mostBytes))
            rest -= (try? FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int) ?? 0
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
        let kind = isDataSet ? "" : "models/"
        let url = "\(endpoint)/api/\(kind)\(repository)/revision/\(Self.escaped(revision))"
        let file = workspace.scratch.appending(path: "description.json")
        try await get(url, to: file, workspace, limit: 64 << 20)
        let answer = [UInt8]((try? Data(contentsOf: file)) ?? Data())
        guard let description = HubDescription(answer) else {
            let reason = (try? JSON(parsing: answer)) == nil ? "it is not JSON" : "it names no commit, or no files"
            throw .unexpectedAnswer(url: url, reason: reason)
        }
        return (description.commit, description.files)
    }

    private func get(
        _ address: String, to file: URL, _ workspace: FetchWorkspace, limit: Int? = nil
    ) async throws(FetchError) {
        guard let url = URL(string: address) else { throw .invalidURL(address) }
        do {
            try await workspace.download(url, to: file, token: token, limit: limit, by: policy)
        } catch {
            // The hub asks for a token.
            guard let status = error.status, status == 401 || status == 403 else { throw error }
            throw FetchError(
                "\(address) answered with HTTP status \(status): it does not exist, or needs a token in HF_TOKEN "
                    + "that may read it" + (isDataSet ? "" : "; a data set is named datasets/\(repository)")
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

/// What the hub says of a revision.
package struct HubDescription {
    package let commit: String
    /// Paths of its files.
    package let files: [String]

    package init?(_ answer: [UInt8]) {
        guard let answer = try? JSON(parsing: answer), let commit = answer["sha"]?.string, Revision.isCommit(commit),
            let files = answer["siblings"]?.array
        else { return nil }
        self.commit = commit
        self.files = files.compactMap { $0["rfilename"]?.string }
    }
}
