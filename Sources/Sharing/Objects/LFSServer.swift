import BuildModel
import CanonicalJSON
import Foundation
import HTTP
import Store
import Synchronization

/// A server of Git LFS: the batch API and basic transfers. Every request that fails and may pass is made again, when the server
/// wants it.
struct LFSServer: RemoteObjects {
    let server: LoginServer
    let retries: Retries

    var url: URL { server.url }

    init(_ server: LoginServer, retries: Retries = Retries()) {
        self.server = server
        self.retries = retries
    }

    private static let batchSize = 100
    private static let transfersAtOnce = 4

    func download(_ objects: [IncomingObject], counting tally: TransferTally) async throws {
        let missing = objects.filter { !$0.isWhole }
        for chunk in missing.chunks(of: Self.batchSize) {
            let items = try await ask(.download, chunk.map { ($0.digest, $0.size) })
            try await forEach(chunk, atOnce: Self.transfersAtOnce) { object in
                let item = items[object.digest]
                // What only older builds used may be gone.
                guard object.isRequired || item?.error == nil || item?.error?.mayPass == true else { return }
                let bytes = try await transfer(.download, object.digest, object.size, item) { try fetch(object, $0) }
                tally.add(objects: 1, bytes: bytes)
            }
        }
    }

    func upload(_ objects: [OutgoingObject], counting tally: TransferTally) async throws {
        for chunk in objects.chunks(of: Self.batchSize) {
            let items = try await ask(.upload, chunk.map { ($0.digest, $0.size) })
            try await forEach(chunk, atOnce: Self.transfersAtOnce) { object in
                // Nothing to do: the server has it.
                if let item = items[object.digest], item.error == nil, item.transfer == nil { return }
                guard let file = object.file else {
                    guard object.isRequired else { return }
                    throw StoreError.missingObject(object.digest)
                }
                let verify = try await sending(object, file, items[object.digest])
                if let verify { try await confirm(object, verify) }
                tally.add(objects: 1, bytes: object.size)
            }
        }
    }

    // MARK: Attempts

    /// What an attempt came to.
    enum Attempt: Sendable {
        /// Bytes that travelled.
        case done(bytes: Int)
        /// It may succeed next time, not before so many seconds.
        case failed(any Error, wait: Double?, bytes: Int)
        /// The link does not hold any more.
        case expired(any Error)
    }

    /// Moves an object: makes attempts until one succeeds, and asks for a new link where one has expired.
    ///
    /// - Returns: bytes that travelled.
    private func transfer(
        _ operation: LFSBatch.Operation, _ digest: Digest, _ size: Int, _ first: LFSBatch.Item?,
        _ attempt: @escaping @Sendable (LFSBatch.Item) throws -> Attempt
    ) async throws -> Int {
        var item = first
        var retries = retries
        var travelled = 0
        var isNewLink = false
        while true {
            if item?.transfer?.isUsable(at: Date()) == false || item == nil {
                item = try await ask(operation, [(digest, size)])[digest]
                isNewLink = true
            }
            let outcome: Attempt
            switch (item, item?.error) {
            case (_, let error?) where error.mayPass:
                outcome = .failed(refusal(of: digest, error, operation), wait: nil, bytes: 0)
            case (_, let error?):
                throw refusal(of: digest, error, operation)
            case (let item?, nil):
                outcome = try await blocking { try attempt(item) }
            case (nil, nil):
                throw SharingError.unexpectedAnswer(url: shown(url), reason: "it says nothing of the object \(digest.short)")
            }
            switch outcome {
            case .done(let bytes):
                return travelled + bytes
            case .expired(let error):
                // A new link that is refused as well was not refused for its age.
                guard !isNewLink else { throw error }
                item = nil
            case .failed(let error, let wait, let bytes):
                travelled += bytes
                if bytes > 0 { isNewLink = false }
                if item?.error != nil { item = nil }
                guard let pause = retries.pause(asked: wait, reached: travelled, subject: digest.hex) else { throw error }
                try await Task.sleep(for: .seconds(pause))
            }
        }
    }

    private func refusal(of digest: Digest, _ error: LFSBatch.ItemError, _ operation: LFSBatch.Operation) -> SharingError {
        let isMissing = operation == .download && [404, 410].contains(error.code)
        return isMissing
            ? .missingObject(digest, place: shown(url), reason: error.text)
            : .objectRefused(digest, place: shown(url), reason: error.text)
    }

    /// Makes a request until its answer is one that stays.
    private func answer(
        _ target: URL, headers: [(name: String, value: String)], body: [UInt8], limit: Int
    ) async throws -> [UInt8] {
        var retries = retries
        while true {
            let outcome = try await blocking { () -> Answer in
                let sink = BytesSink(limit: limit)
                let request = HTTPRequest(method: .post, url: target, headers: headers, body: BytesBody(body))
                do throws(HTTPFailure) {
                    let answer = try server.exchange(request, to: sink)
                    if answer.isSuccess { return .whole(sink.bytes) }
                    let refusal = refusal(answer, target, sink.bytes)
                    return answer.mayPass ? .failed(refusal, wait: answer.retryAfter) : .refused(refusal)
                } catch {
                    let failure = SharingError.unreachable(url: shown(target), reason: error.reason)
                    return error.mayPass ? .failed(failure, wait: nil) : .refused(failure)
                }
            }
            switch outcome {
            case .whole(let bytes): return bytes
            case .refused(let error): throw error
            case .failed(let error, let wait):
                guard let pause = retries.pause(asked: wait, subject: target.absoluteString) else { throw error }
                try await Task.sleep(for: .seconds(pause))
            }
        }
    }

    private enum Answer: Sendable {
        case whole([UInt8])
        case refused(SharingError)
        case failed(SharingError, wait: Double?)
    }

    // MARK: Batches

    private func ask(
        _ operation: LFSBatch.Operation, _ objects: [(digest: Digest, size: Int)]
    ) async throws -> [Digest: LFSBatch.Item] {
        let address = url.appending(path: "objects/batch")
        let headers = [("Accept", LFSBatch.mediaType), ("Content-Type", LFSBatch.mediaType)]
        let bytes = try await answer(
            address, headers: headers, body: LFSBatch.question(operation, objects), limit: 16 << 20)
        do {
            return try LFSBatch.items(in: bytes, for: operation, server: url)
        } catch {
            throw SharingError.unexpectedAnswer(url: shown(address), reason: error.reason)
        }
    }

    /// Confirms an upload, where the server asks for that.
    private func confirm(_ object: OutgoingObject, _ action: LFSBatch.Action) async throws {
        let body: JSON = ["oid": .string(object.digest.hex), "size": .integer(Int64(object.size))]
        let types = [("Accept", LFSBatch.mediaType), ("Content-Type", LFSBatch.mediaType)]
        _ = try await answer(
            action.url, headers: headers(of: action, unless: types), body: body.canonicalBytes, limit: 1 << 20)
    }

    /// - Returns: the step by which the server wants the upload confirmed, if it does.
    private func sending(_ object: OutgoingObject, _ file: URL, _ item: LFSBatch.Item?) async throws -> LFSBatch.Action? {
        let verify = Mutex(item?.verify)
        _ = try await transfer(.upload, object.digest, object.size, item) { item in
            verify.withLock { $0 = item.verify }
            // Somebody else has sent it meanwhile.
            guard item.transfer != nil else { return .done(bytes: 0) }
            return try send(object, file, item)
        }
        return verify.withLock { $0 }
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
