import Archives
import BuildModel
import Foundation
import HTTP

/// Where one fetch works: the directory that its files go to, and a scratch directory that goes with it.
struct FetchWorkspace {
    /// The origin, for messages.
    let label: String
    let files: URL
    let scratch: URL

    /// - Parameter files: is made; `nil` where nothing is to be kept.
    init(origin: FixedOutput.Origin, files: URL? = nil) throws(FetchError) {
        label = origin.label
        let place = files?.deletingLastPathComponent() ?? URL.temporaryDirectory
        scratch = place.appending(path: "decant-fetch-\(UUID().uuidString)", directoryHint: .isDirectory)
        self.files = files ?? scratch.appending(path: "files", directoryHint: .isDirectory)
        try FetchError.keeping(label) {
            try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(at: self.files, withIntermediateDirectories: true)
        }
    }

    /// Downloads a file.
    ///
    /// - Parameters:
    ///   - token: who asks, for this host only: it is not sent on where the answer leads elsewhere.
    ///   - limit: bytes, at most.
    func download(
        _ url: URL, to file: URL, token: String? = nil, limit: Int? = nil, backoff: Backoff
    ) async throws(FetchError) {
        var download = FileDownload(url)
        if let token { download.headers = [("Authorization", "Bearer \(token)")] }
        download.limit = limit
        download.backoff = backoff
        do {
            try await download.write(to: file)
        } catch {
            throw FetchError(error, url: url)
        }
    }

    func remove() { try? FileManager.default.removeItem(at: scratch) }

    /// Keeps a copy of a whole file under its own name.
    func keep(_ file: URL) throws(FetchError) -> String {
        let name = file.lastPathComponent
        try FetchError.keeping(label) { try FileManager.default.copyItem(at: file, to: files.appending(path: name)) }
        return name
    }

    /// Keeps the chosen members of an archive, or the archive itself where none are named.
    func keep(_ file: URL, members: Members) throws(FetchError) -> [String] {
        members.isEmpty ? [try keep(file)] : try extract(file, members: members)
    }

    /// Keeps the chosen files of an archive.
    func extract(_ archive: URL, members: Members) throws(FetchError) -> [String] {
        let contents: Archive.Contents
        do {
            contents = try Archive(archive).extract(into: files, where: members.choose)
        } catch {
            throw FetchError("\(label): \(error)")
        }
        try members.check(all: contents.all, label)
        return contents.extracted
    }
}

extension FixedOutput.Origin {
    /// The origin in words.
    var label: String {
        switch self {
        case .path(let path): path
        case .url(let url, _): url
        case .pypi(let requirement, _): "the Python package \(requirement)"
        case .git(let url, let revision, _): "\(url) at \(revision)"
        case .huggingFace(let repository, let revision, _): "\(repository) at \(revision) on Hugging Face"
        }
    }
}
