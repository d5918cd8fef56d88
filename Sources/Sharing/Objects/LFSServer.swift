import BuildModel
import CanonicalJSON
import Foundation
import HTTP
import Store

/// A server of Git LFS: the batch API and basic transfers.
struct LFSServer: RemoteObjects {
    let url: URL
    let credentials: Credentials
    let connections = ConnectionPool()

    init(url: URL, credentials: Credentials) { (self.url, self.credentials) = (url, credentials) }

    private static let batchSize = 100
    private static let transfersAtOnce = 4
    private static let attempts = 3

    func download(_ objects: [IncomingObject], counting tally: TransferTally) async throws {
        let missing = objects.filter { !$0.isWhole }
        for chunk in missing.chunks(of: Self.batchSize) {
            let items = try await batch(.download, chunk.map { ($0.digest, $0.size) })
            try await forEach(chunk, atOnce: Self.transfersAtOnce) { object in
                let item = items[object.digest]
                guard object.isRequired || item?.error == nil else { return }
                let bytes = try await blocking { try fetch(object, item) }
                tally.add(objects: 1, bytes: bytes)
            }
        }
    }

    func upload(_ objects: [OutgoingObject], counting tally: TransferTally) async throws {
        for chunk in objects.chunks(of: Self.batchSize) {
            let items = try await batch(.upload, chunk.map { ($0.digest, $0.size) })
            try await forEach(chunk, atOnce: Self.transfersAtOnce) { object in
                if try await blocking({ try send(object, items[object.digest]) }) { tally.add(objects: 1, bytes: object.size) }
            }
        }
    }

    // MARK: Batches

    private func batch(
        _ operation: LFSBatch.Operation, _ objects: [(digest: Digest, size: Int)]
    ) async throws -> [Digest: LFSBatch.Item] {
        try await blocking { try ask(operation, objects) }
    }

    private func ask(_ operation: LFSBatch.Operation, _ objects: [(digest: Digest, size: Int)]) throws -> [Digest: LFSBatch
        .Item]
    {
        let address = url.appending(path: "objects/batch")
        let headers = [("Accept", LFSBatch.mediaType), ("Content-Type", LFSBatch.mediaType)]
        let sink = BytesSink(limit: 16 << 20)
        let answer: HTTPAnswer
        do {
            answer = try exchange(
                .init(method: .post, url: address, headers: headers, body: BytesBody(LFSBatch.question(operation, objects))),
                to: sink)
        } catch {
            throw SharingError.unreachable(url: shown(address), reason: error.reason)
        }
        guard answer.isSuccess else { throw refusal(answer, address, sink.bytes) }
        do {
            return try LFSBatch.items(in: sink.bytes, for: operation, server: url)
        } catch {
            throw SharingError.unexpectedAnswer(url: shown(address), reason: error.reason)
        }
    }

    /// An item whose addresses are good now; another one is asked for where they have expired.
    private func fresh(
        _ item: LFSBatch.Item?, _ operation: LFSBatch.Operation, _ digest: Digest, _ size: Int
    ) throws -> LFSBatch.Item {
        var item = item
        if item?.transfer?.isUsable(at: Date()) == false { item = try ask(operation, [(digest, size)])[digest] }
        guard let item else {
            throw SharingError.unexpectedAnswer(url: shown(url), reason: "it says nothing of the object \(digest.short)")
        }
        if let error = item.error { throw SharingError.missingObject(digest, place: shown(url), reason: error) }
        return item
    }

    // MARK: Transfers

    /// - Returns: bytes that travelled.
    private func fetch(_ object: IncomingObject, _ item: LFSBatch.Item?) throws -> Int {
        try object.exclusively {
            var travelled = 0
            var failure: (any Error)?
            for _ in 0..<Self.attempts {
                if object.isWhole { return travelled }
                if object.received > object.size { object.discard() }
                let isResumed = object.received > 0
                do {
                    if object.received < object.size || object.size == 0 {
                        travelled += try continueDownload(object, try fresh(item, .download, object.digest, object.size))
                    }
                    try object.finish()
                } catch let error as HTTPFailure {
                    failure = SharingError.unreachable(url: shown(item?.transfer?.url ?? url), reason: error.reason)
                } catch let refusal as Refusal where object.received == 0 ? isResumed : object.received < object.size {
                    // What lay here may have been the wrong part, or the answer was cut: once more.
                    failure = refusal
                }
            }
            if object.isWhole { return travelled }
            throw failure ?? SharingError.missingObject(object.digest, place: shown(url), reason: "it did not come")
        }
    }

    private func continueDownload(_ object: IncomingObject, _ item: LFSBatch.Item) throws -> Int {
        guard let action = item.transfer else {
            throw SharingError.missingObject(object.digest, place: shown(url), reason: "no way to download it was given")
        }
        let range = object.received > 0 ? [("Range", "bytes=\(object.received)-")] : []
        let sink: FileSink
        do {
            sink = try FileSink(object.partial.path, from: object.received, limit: object.size)
        } catch {
            throw StoreError.cannotWrite(path: object.partial.path, reason: error.reason)
        }
        let answer: HTTPAnswer
        do {
            answer = try exchange(.init(url: action.url, headers: headers(of: action) + range), to: sink)
        } catch {
            switch sink.problem {
            case nil: throw error
            case .otherPart: throw HTTPFailure(reason: "the server sent another part than was asked for")
            case .cannotWrite(let reason): throw StoreError.cannotWrite(path: object.partial.path, reason: reason)
            case .tooLarge:
                object.discard()
                throw Refusal(subject: "an object", reason: "more bytes came than the \(object.size) that its pointer says")
            }
        }
        switch answer.status {
        case 200, 206: return sink.received
        case 416:
            object.discard()
            throw HTTPFailure(reason: "the server has no such part of it")
        case 429, 500...599:
            throw HTTPFailure(reason: "HTTP status \(answer.status)")
        default: throw refusal(answer, action.url, sink.message)
        }
    }

    /// - Returns: whether the server lacked the object.
    private func send(_ object: OutgoingObject, _ item: LFSBatch.Item?) throws -> Bool {
        var failure: (any Error)?
        for _ in 0..<Self.attempts {
            let item = try fresh(item, .upload, object.digest, object.size)
            guard let action = item.transfer else { return false }
            guard let file = object.file else {
                guard object.isRequired else { return false }
                throw StoreError.missingObject(object.digest)
            }
            let body = try ObjectBody(file, digest: object.digest, size: object.size)
            let sink = BytesSink(limit: 1 << 20)
            do {
                let type = [("Content-Type", "application/octet-stream")]
                let answer = try exchange(
                    .init(method: .put, url: action.url, headers: headers(of: action, unless: type), body: body), to: sink)
                guard answer.isSuccess else {
                    guard answer.status == 429 || answer.status >= 500 else { throw refusal(answer, action.url, sink.bytes) }
                    failure = refusal(answer, action.url, sink.bytes)
                    continue
                }
                try confirm(object, item)
                return true
            } catch let error as HTTPFailure {
                if body.isDamaged { throw StoreError.damagedObject(object.digest) }
                failure = SharingError.unreachable(url: shown(action.url), reason: error.reason)
            }
        }
        throw failure ?? SharingError.unreachable(url: shown(url), reason: "no answer")
    }

    /// Confirms an upload, if the server asks for that.
    private func confirm(_ object: OutgoingObject, _ item: LFSBatch.Item) throws {
        guard let action = item.verify else { return }
        let body: JSON = ["oid": .string(object.digest.hex), "size": .integer(Int64(object.size))]
        let sink = BytesSink(limit: 1 << 20)
        let types = [("Accept", LFSBatch.mediaType), ("Content-Type", LFSBatch.mediaType)]
        let answer = try exchange(
            .init(
                method: .post, url: action.url, headers: headers(of: action, unless: types),
                body: BytesBody(body.canonicalBytes)),
            to: sink)
        guard answer.isSuccess else { throw refusal(answer, action.url, sink.bytes) }
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}

extension LFSServer {
    /// An action's headers, and those that go with it unless it says otherwise.
    func headers(
        of action: LFSBatch.Action, unless defaults: [(name: String, value: String)] = []
    ) -> [(name: String, value: String)] {
        let named = Set(action.headers.map { $0.name.lowercased() })
        return action.headers.filter { $0.name.lowercased() != "transfer-encoding" }
            + defaults.filter { !named.contains($0.name.lowercased()) }
    }

    /// Sends a request. If this server asks for a login, sends it once more with one.
    func exchange(_ request: HTTPRequest, to sink: any HTTPSink) throws(HTTPFailure) -> HTTPAnswer {
        var request = request
        let isOurs = (request.url.scheme, request.url.host, request.url.port) == (url.scheme, url.host, url.port)
        let isSigned = request.headers.contains { $0.name.lowercased() == "authorization" }
        if isOurs, !isSigned, let login = credentials.known { request.headers.append(("Authorization", login.header)) }
        let answer = try connections.send(request, to: sink)
        guard answer.status == 401, isOurs, !isSigned, credentials.known == nil, let login = credentials.ask(),
            request.body?.rewind() ?? true
        else { return answer }
        request.headers.append(("Authorization", login.header))
        sink.restart()
        return try connections.send(request, to: sink)
    }

    func refusal(_ answer: HTTPAnswer, _ target: URL, _ body: [UInt8]) -> SharingError {
        if answer.status == 401 { return .needsLogin(url: shown(target)) }
        let message = (try? JSON(parsing: body))?["message"]?.string ?? ""
        return .refused(url: shown(target), status: answer.status, message: String(message.prefix(300)))
    }

    /// An address as it may be printed: a query may hold what opens it.
    func shown(_ url: URL) -> String {
        guard var components = URLComponents(url: url, resolvingAgainstBaseURL: true) else { return "the server" }
        components.user = nil
        components.password = nil
        components.query = nil
        return components.string ?? "the server"
    }
}

/// An object as a body, hashed on the way: the last bytes of one that is damaged are never sent.
final class ObjectBody: HTTPBody {
    let size: Int
    private let digest: Digest
    private let file: OpenFile
    private var hasher = DigestHasher()
    private var position = 0
    private(set) var isDamaged = false

    init(_ file: URL, digest: Digest, size: Int) throws {
        (self.size, self.digest) = (size, digest)
        self.file = try OpenFile(reading: file.path)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard position < size else { return 0 }
        let count = Glibc.read(file.descriptor, buffer.baseAddress, min(buffer.count, size - position))
        guard count > 0 else {
            isDamaged = true
            return nil
        }
        hasher.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
        position += count
        if position == size, hasher.finish() != digest {
            isDamaged = true
            return nil
        }
        return count
    }

    func rewind() -> Bool {
        hasher = DigestHasher()
        position = 0
        return lseek(file.descriptor, 0, SEEK_SET) == 0
    }
}
