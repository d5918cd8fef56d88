import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A file over HTTP or HTTPS, streamed to disk.
enum HTTPDownload {
    /// - Parameter token: who asks, for this host only: it is not sent on where the answer leads elsewhere.
    static func file(at url: URL, to file: URL, token: String? = nil) async throws(FetchError) {
        var request = URLRequest(url: url)
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        let result: Result<Void, FetchError> = await withCheckedContinuation { continuation in
            let delegate = DownloadDelegate(url: url, file: file) { continuation.resume(returning: $0) }
            let session = URLSession(configuration: .ephemeral, delegate: delegate, delegateQueue: nil)
            session.downloadTask(with: request).resume()
            session.finishTasksAndInvalidate()
        }
        try result.get()
    }
}

private final class DownloadDelegate: NSObject, URLSessionDownloadDelegate {
    private let url: URL
    private let file: URL
    private let finish: @Sendable (Result<Void, FetchError>) -> Void
    private let kept = Mutex<Result<Void, FetchError>?>(nil)

    init(url: URL, file: URL, finish: @escaping @Sendable (Result<Void, FetchError>) -> Void) {
        self.url = url
        self.file = file
        self.finish = finish
    }

    /// Moves the finished download to its place at once: the temporary file is gone after this call.
    func urlSession(_ session: URLSession, downloadTask: URLSessionDownloadTask, didFinishDownloadingTo location: URL) {
        let result: Result<Void, FetchError>
        if let status = (downloadTask.response as? HTTPURLResponse)?.statusCode, status != 200 {
            result = .failure(.refused(url: url.absoluteString, status: status))
        } else {
            do {
                try FileManager.default.moveItem(at: location, to: file)
                result = .success(())
            } catch {
                result = .failure(.cannotKeep(origin: url.absoluteString, reason: error.localizedDescription))
            }
        }
        kept.withLock { $0 = result }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        if let error {
            finish(.failure(.unreachable(url: url.absoluteString, reason: error.localizedDescription)))
        } else {
            finish(kept.withLock { $0 } ?? .failure(.unreachable(url: url.absoluteString, reason: "no answer")))
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
    ) {
        var request = request
        if (request.url?.scheme, request.url?.host, request.url?.port) != (url.scheme, url.host, url.port) {
            request.setValue(nil, forHTTPHeaderField: "Authorization")
        }
        completionHandler(request)
    }
}
