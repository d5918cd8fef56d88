import Foundation
import Synchronization

/// A file over HTTP, written to the disk as it comes. A transfer that broke off goes on where it ended, if the server's file is
/// still the same; failures that may pass are tried again.
package struct FileDownload: Sendable {
    package var url: URL
    /// For this server only: none that may hold a login goes along when a redirection leads elsewhere.
    package var headers: [(name: String, value: String)] = []
    /// Bytes of the file, at most.
    package var limit = Self.mostBytes
    /// Bytes of a file whose length the server does not state, at most.
    package var unstatedLimit = 1 << 30
    /// As that of a request.
    package var patience = 60.0
    package var retries = Retries()
    private let settings: NetworkSettings

    package init(_ url: URL, settings: NetworkSettings = NetworkSettings()) { (self.url, self.settings) = (url, settings) }

    /// Bytes of any file that is downloaded.
    package static let mostBytes = 16 << 30
    /// Seconds of a download with all its attempts, at most.
    private static let longest = 24.0 * 3600

    /// Writes the file, which must not be there. Where this fails, nothing is.
    package func write(to file: URL) async throws(DownloadError) {
        let stop = StopFlag(seconds: Self.longest)
        let result: Result<Void, DownloadError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    let result = Result { () throws(DownloadError) in try attemptUntilDone(file, stop) }
                    if case .failure = result { unlink(file.path) }
                    continuation.resume(returning: result)
                }
            }
        } onCancel: {
            stop.set()
        }
        try result.get()
    }

    private func attemptUntilDone(_ file: URL, _ stop: StopFlag) throws(DownloadError) {
        let connections = ConnectionPool(settings)
        var part = Part()
        var retries = retries
        while true {
            let (failure, wait) = try attempt(file, &part, connections, stop)
            guard let failure else { return }
            guard let pause = retries.pause(asked: wait, reached: part.size, subject: url.absoluteString) else { throw failure }
            try stop.sleep(pause)
        }
    }

    /// How much of the file is there, and what tells whether the server's file is still the same.
    private struct Part {
        var size = 0
        var validator: String?
    }

    /// - Returns: nothing where the file is whole, else a failure that may pass, and the seconds that the server wants to be
    ///   left
    ///   alone.
    private func attempt(
        _ file: URL, _ part: inout Part, _ connections: ConnectionPool, _ stop: StopFlag
    ) throws(DownloadError) -> (DownloadError?, wait: Double?) {
        // Without a way to see that the file is still the same, it is fetched from its beginning.
        if part.validator == nil { part.size = 0 }
        var request = HTTPRequest(url: url, headers: headers)
        if let validator = part.validator, part.size > 0 {
            request.headers += [("Range", "bytes=\(part.size)-"), ("If-Range", validator)]
        }
        request.patience = patience
        request.isCancelled = { stop.isSet || stop.isLate }
        let sink: FileSink
        do {
            sink = try FileSink(file.path, from: part.size, limit: limit, unstatedLimit: unstatedLimit, tag: part.validator)
        } catch {
            throw .cannotWrite(reason: error.reason)
        }
        do {
            let answer = try connections.send(request, to: sink)
            if answer.isSuccess {
                sink.finish(answer)
                if sink.problem == nil { return (nil, nil) }
            } else {
                // There is no such part: the file has become another one.
                if answer.status == 416, part.size > 0 {
                    part = Part()
                    return (.refused(status: 416), 0)
                }
                guard answer.mayPass else { throw DownloadError.refused(status: answer.status) }
                return (.refused(status: answer.status), answer.retryAfter)
            }
        } catch let error as DownloadError {
            throw error
        } catch {
            part = Part(size: sink.position, validator: sink.answer.map(Self.validator) ?? part.validator)
            if stop.isSet { throw .cancelled }
            if stop.isLate { throw .unreachable(reason: "it did not come within \(Int(Self.longest)) seconds") }
            let failure = error as? HTTPFailure
            if sink.problem == nil {
                let unreachable = DownloadError.unreachable(reason: failure?.reason ?? "\(error)")
                guard failure?.mayPass ?? true else { throw unreachable }
                return (unreachable, nil)
            }
        }
        switch sink.problem {
        case .cannotWrite(let reason): throw .cannotWrite(reason: reason)
        case .tooLarge: throw .tooLarge(limit: sink.limit ?? limit)
        case .otherPart, nil:
            part = Part()
            return (.unreachable(reason: "the server sent another part than was asked for"), nil)
        }
    }

    /// What tells one state of a file from another. A weak tag says nothing about parts.
    private static func validator(_ answer: HTTPAnswer) -> String? {
        if let tag = answer.headers["etag"] { return tag.hasPrefix("W/") ? nil : tag }
        return answer.headers["last-modified"]
    }
}

/// Why a file could not be downloaded.
package enum DownloadError: Error, Hashable, Sendable {
    case unreachable(reason: String)
    case refused(status: Int)
    case tooLarge(limit: Int)
    case cannotWrite(reason: String)
    case cancelled
}

/// Tells a thread to stop.
private final class StopFlag: Sendable {
    private let flag = Mutex(false)
    private let end: Date

    init(seconds: Double) { end = Date(timeIntervalSinceNow: seconds) }

    /// Whether its time is over.
    var isLate: Bool { Date() > end }
    var isSet: Bool { flag.withLock { $0 } }
    func set() { flag.withLock { $0 = true } }

    func sleep(_ seconds: Double) throws(DownloadError) {
        let end = Date(timeIntervalSinceNow: seconds)
        while Date() < end, !isSet { Thread.sleep(forTimeInterval: min(0.1, max(0, end.timeIntervalSinceNow))) }
        if isSet { throw .cancelled }
    }
}
