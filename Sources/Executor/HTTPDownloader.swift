import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Downloads over HTTP and HTTPS, streaming to disk.
struct HTTPDownloader: Sendable {
    /// - Parameter token: sent as a bearer's, to the URL's host alone.
    func download(_ url: String, to file: URL, token: String? = nil) async throws(FetchError) {
        guard let address = URL(string: url), ["http", "https"].contains(address.scheme) else {
            throw .invalidURL(url)
        }
        let result: Result<Void, FetchError> = await withCheckedContinuation { continuation in
            var request = URLRequest(url: address)
            if let token, !token.isEmpty { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
            let task = URLSession.shared.downloadTask(with: request) { temporary, response, error in
                continuation.resume(returning: Self.keep(temporary, response, error, url: url, file: file))
            }
            task.resume()
        }
        try result.get()
    }

    /// Moves the finished download to its place, inside the session's callback: the temporary file is gone after it.
    private static func keep(
        _ temporary: URL?, _ response: URLResponse?, _ error: (any Error)?, url: String, file: URL
    ) -> Result<Void, FetchError> {
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
