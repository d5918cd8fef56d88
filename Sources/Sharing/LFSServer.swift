import BuildModel
import CanonicalJSON
import Foundation
import HTTP
import Store

/// A server of Git LFS: the batch API and basic transfers.
struct LFSServer: ObjectPlace {
    let url: URL
    let credentials: Credentials
    let connections = ConnectionPool()

    init(url: URL, credentials: Credentials) {
        self.url = url
        self.credentials = credentials
    }

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
        let sink = try ObjectSink(object)
        let answer: HTTPAnswer
        do {
            answer = try exchange(.init(url: action.url, headers: headers(of: action) + range), to: sink)
        } catch {
            if let problem = sink.problem {
                if problem is Refusal { object.discard() }
                throw problem
            }
            throw error
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

    /// Tells the server that an object has come, where it wants to be told.
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
