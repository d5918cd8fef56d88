import BuildModel
import CanonicalJSON
import Foundation

/// Files of a repository of the Hugging Face hub, or of a mirror of it that `HF_ENDPOINT` names.
struct HuggingFaceSource {
    private let repository: String
    private let http: HTTPDownloader
    private let endpoint: String

    init(_ repository: String, _ http: HTTPDownloader) {
        self.repository = repository
        self.http = http
        endpoint = ProcessInfo.processInfo.environment["HF_ENDPOINT"] ?? "https://huggingface.co"
    }

    /// The commit that a branch or tag stands for now.
    func commit(of revision: String) async throws(FetchError) -> String {
        guard let commit = try await description(of: revision)["sha"]?.string, !commit.isEmpty else {
            throw .invalid("\(endpoint) names no commit for \(repository) at \(revision)")
        }
        return commit
    }

    func fetch(_ revision: String, members: MemberPatterns, into directory: URL) async throws(FetchError) -> [String] {
        let files = (try await description(of: revision)["siblings"]?.array ?? []).compactMap { $0["rfilename"]?.string }
        let wanted = files.filter(members.admit)
        guard !wanted.isEmpty else {
            throw .unexpectedFiles(
                origin: repository, wanted: "no file \(members.patterns.joined(separator: ", "))", found: files)
        }
        for path in wanted {
            guard Artifact.isPortable(path: path) else {
                throw .invalid("\(repository) has a file that cannot stand in an artifact: '\(path)'")
            }
            let file = directory.appending(path: path)
            try? FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try await http.download("\(endpoint)/\(repository)/resolve/\(Self.escaped(revision))/\(Self.escaped(path))", to: file, token: token)
        }
        return wanted.sorted()
    }

    private func description(of revision: String) async throws(FetchError) -> JSON {
        let url = "\(endpoint)/api/models/\(repository)/revision/\(Self.escaped(revision))"
        let file = URL.temporaryDirectory.appending(path: "decant-hub-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try await http.download(url, to: file, token: token)
        guard let content = try? Data(contentsOf: file), content.count < 16 << 20, let json = try? JSON(parsing: content) else {
            throw .invalid("\(url) gave no JSON")
        }
        return json
    }

    /// Never part of a message or an artifact.
    private var token: String? { ProcessInfo.processInfo.environment["HF_TOKEN"] }

    private static func escaped(_ path: String) -> String {
        path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
    }
}
