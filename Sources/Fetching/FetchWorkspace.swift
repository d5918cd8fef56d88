import Archives
import BuildModel
import Foundation
import HTTP

/// The directories of one fetch: one for its files, and a scratch directory that is removed afterwards.
struct FetchWorkspace {
    /// The origin, for messages.
    let label: String
    let files: URL
    private let folder: WorkspaceFolder
    var scratch: URL { folder.url }

    /// - Parameter files: is made; `nil` where nothing is to be kept.
    init(origin: FixedOutput.Origin, files: URL? = nil) throws(FetchError) {
        label = origin.label
        let place = files?.deletingLastPathComponent() ?? URL.temporaryDirectory
        let folder = try FetchError.keeping(label) { try WorkspaceFolder(in: place) }
        self.folder = folder
        let kept = files ?? folder.url.appending(path: "files", directoryHint: .isDirectory)
        self.files = kept
        try FetchError.keeping(label) { try FileManager.default.createDirectory(at: kept, withIntermediateDirectories: true) }
    }

    /// Downloads a file.
    ///
    /// - Parameters:
    ///   - token: for this host only; it is not sent on when a redirection leads elsewhere.
    ///   - limit: bytes, at most.
    func download(
        _ url: URL, to file: URL, token: String? = nil, limit: Int? = nil, by policy: DownloadPolicy
    ) async throws(FetchError) {
        var download = FileDownload(url, settings: policy.settings)
        if let token { download.headers = [("Authorization", "Bearer \(token)")] }
        if let limit { download.limit = limit }
        download.retries = policy.retries
        do {
            try await download.write(to: file)
        } catch {
            throw FetchError(error, url: url)
        }
    }

    func remove() { folder.remove() }

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

/// How this machine downloads.
struct DownloadPolicy: Sendable {
    var retries: Retries
    var settings: NetworkSettings
}

extension FixedOutput.Origin {
    /// The origin in words.
    var label: String {
        switch self {
        case .path(let path), .folder(let path): path
        case .url(let url, _): url
        case .pypi(let requirement, _): "the Python package \(requirement)"
        case .git(let url, let revision, _): "\(url) at \(revision)"
        case .huggingFace(let repository, let revision, _): "\(repository) at \(revision) on Hugging Face"
        }
    }
}

/// Why files from outside could not be had, in a sentence.
package struct FetchError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The status of HTTP that refused the file.
    private(set) var status: Int?
    private(set) var isMissingProgram = false

    init(_ description: String) { self.description = description }

    private static let hint = "where there is no network, `decant import FILE` takes a copy of the file"

    static func invalidURL(_ url: String) -> FetchError { FetchError("'\(url)' is not an http or https URL") }

    /// A word of the recipe that must not reach a command line or an address; `expected` says what is allowed.
    static func invalid(_ text: String, expected: String) -> FetchError { FetchError("'\(text)' is not \(expected)") }

    /// A download that failed.
    init(_ error: DownloadError, url: URL) {
        let url = url.absoluteString
        switch error {
        case .unreachable(let reason): description = "\(url) cannot be reached: \(reason); \(Self.hint)"
        case .refused(let status):
            description = "\(url) answered with HTTP status \(status)"
            self.status = status
        case .tooLarge(let limit):
            description =
                "\(url) has more than \(limit) bytes, the limit for a download; what you fetched yourself, "
                + "`decant import FILE` takes"
        case .cannotWrite(let reason): self = .cannotKeep(origin: url, reason: reason)
        case .cancelled: description = "\(url) was not fetched to its end"
        }
    }

    static func unexpectedAnswer(url: String, reason: String) -> FetchError {
        FetchError("\(url) gave an answer that cannot be read: \(reason)")
    }

    static func programMissing(origin: String, program: String) -> FetchError {
        var error = FetchError("\(origin) cannot be fetched: that needs \(program), which is missing here; \(hint)")
        error.isMissingProgram = true
        return error
    }

    static func programFailed(origin: String, program: String, reason: String) -> FetchError {
        FetchError("\(origin) cannot be fetched: \(program) says: \(reason); \(hint)")
    }

    static func unknownRevision(url: String, revision: String) -> FetchError {
        FetchError("\(url) has no branch, tag or commit '\(revision)'; a commit is named by all of its 40 digits")
    }

    static func noMember(origin: String, pattern: String, there: [String]) -> FetchError {
        FetchError("\(origin) has no file that matches '\(pattern)'; it has \(list(there))")
    }

    static func cannotKeep(origin: String, reason: String) -> FetchError {
        FetchError("\(origin) could not be kept: \(reason)")
    }

    /// At most twenty names.
    static func list(_ names: [String]) -> String {
        if names.isEmpty { return "no file" }
        return names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
    }

    /// Runs something whose failure means that this machine cannot keep what was fetched.
    static func keeping<Result>(_ label: String, _ body: () throws -> Result) throws(FetchError) -> Result {
        do {
            return try body()
        } catch {
            throw .cannotKeep(origin: label, reason: error.localizedDescription)
        }
    }
}
