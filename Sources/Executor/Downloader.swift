import BuildModel
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Brings a file from a URL. Only sources need one: a stage never has a network.
public protocol Downloader: Sendable {
    func download(_ url: String, to file: URL) async throws(DownloadError)
}

/// Why a file could not be had from its URL.
public enum DownloadError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalidURL(String)
    case unreachable(url: String, reason: String)
    case refused(url: String, status: Int)
    case unexpectedDigest(url: String, expected: Digest, found: Digest)

    public var description: String {
        switch self {
        case .invalidURL(let url):
            "'\(url)' is not an http or https URL"
        case .unreachable(let url, let reason):
            "\(url) cannot be reached: \(reason); where there is no network, `decant import FILE` takes a copy of the file"
        case .refused(let url, let status):
            "\(url) answered with HTTP status \(status)"
        case .unexpectedDigest(let url, let expected, let found):
            "\(url) gave other bytes than the recipe pins: sha256 is \(found), the recipe says \(expected)"
        }
    }
}

/// Downloads over HTTP and HTTPS, streaming to disk.
public struct HTTPDownloader: Downloader {
    public init() {}

    public func download(_ url: String, to file: URL) async throws(DownloadError) {
        guard let address = URL(string: url), ["http", "https"].contains(address.scheme) else {
            throw .invalidURL(url)
        }
        let result: Result<Void, DownloadError> = await withCheckedContinuation { continuation in
            let task = URLSession.shared.downloadTask(with: address) { temporary, response, error in
                continuation.resume(returning: Self.keep(temporary, response, error, url: url, file: file))
            }
            task.resume()
        }
        try result.get()
    }

    /// Moves the finished download to its place, inside the session's callback: the temporary file is gone after it.
    private static func keep(
        _ temporary: URL?, _ response: URLResponse?, _ error: (any Error)?, url: String, file: URL
    ) -> Result<Void, DownloadError> {
        guard let temporary, error == nil else {
            return .failure(.unreachable(url: url, reason: error?.localizedDescription ?? "no answer"))
        }
        if let status = (response as? HTTPURLResponse)?.statusCode, status != 200 {
            return .failure(.refused(url: url, status: status))
        }
        do {
            try FileManager.default.moveItem(at: temporary, to: file)
            return .success(())
        } catch {
            return .failure(.unreachable(url: url, reason: "the download could not be kept: \(error.localizedDescription)"))
        }
    }
}
