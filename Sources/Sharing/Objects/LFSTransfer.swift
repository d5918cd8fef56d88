import BuildModel
import CanonicalJSON
import Foundation
import HTTP
import Store

extension LFSServer {
    /// Statuses by which stores of objects say that a link is too old, or was never good.
    private static let expired: Set = [400, 401, 403, 404, 410]

    /// Goes on with a download where it ended.
    func fetch(_ object: IncomingObject, _ item: LFSBatch.Item) throws -> Attempt {
        try object.exclusively {
            if object.isWhole { return .done(bytes: 0) }
            if object.received > object.size { object.discard() }
            let isResumed = object.received > 0
            var travelled = 0
            if object.received < object.size || object.size == 0 {
                switch try continueDownload(object, item) {
                case .done(let bytes): travelled = bytes
                case let other: return other
                }
            }
            do {
                try object.finish()
                return .done(bytes: travelled)
            } catch let refusal as Refusal where object.received == 0 ? isResumed : object.received < object.size {
                // What lay here may have been the wrong part, or the answer was cut: once more.
                return .failed(refusal, wait: nil, bytes: travelled)
            }
        }
    }

    private func continueDownload(_ object: IncomingObject, _ item: LFSBatch.Item) throws -> Attempt {
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
            answer = try server.exchange(.init(url: action.url, headers: headers(of: action) + range), to: sink)
        } catch {
            func again(_ reason: String) -> Attempt {
                .failed(SharingError.unreachable(url: shown(action.url), reason: reason), wait: nil, bytes: sink.received)
            }
            switch sink.problem {
            case nil where error.mayPass: return again(error.reason)
            case nil: throw SharingError.unreachable(url: shown(action.url), reason: error.reason)
            case .otherPart: return again("the server sent another part than was asked for")
            case .cannotWrite(let reason): throw StoreError.cannotWrite(path: object.partial.path, reason: reason)
            case .tooLarge:
                object.discard()
                throw Refusal(subject: "an object", reason: "more bytes came than the \(object.size) that its pointer says")
            }
        }
        if [200, 206].contains(answer.status) { return .done(bytes: sink.received) }
        let refusal = refusal(answer, action.url, sink.message)
        if answer.status == 416 {
            object.discard()
            return .failed(refusal, wait: nil, bytes: 0)
        }
        return try outcome(of: answer, refusal)
    }

    /// Sends an object from its beginning.
    func send(_ object: OutgoingObject, _ file: URL, _ item: LFSBatch.Item) throws -> Attempt {
        guard let action = item.transfer else { return .done(bytes: 0) }
        let body = try ObjectBody(file, digest: object.digest, size: object.size)
        let sink = BytesSink(limit: 1 << 20)
        let type = [("Content-Type", "application/octet-stream")]
        let request = HTTPRequest(method: .put, url: action.url, headers: headers(of: action, unless: type), body: body)
        do {
            let answer = try server.exchange(request, to: sink)
            if answer.isSuccess { return .done(bytes: object.size) }
            return try outcome(of: answer, refusal(answer, action.url, sink.bytes))
        } catch let error as HTTPFailure {
            if body.isDamaged { throw StoreError.damagedObject(object.digest) }
            let failure = SharingError.unreachable(url: shown(action.url), reason: error.reason)
            guard error.mayPass else { throw failure }
            return .failed(failure, wait: nil, bytes: 0)
        }
    }

    /// What an answer to a transfer means that is no success.
    private func outcome(of answer: HTTPAnswer, _ refusal: SharingError) throws -> Attempt {
        if answer.mayPass { return .failed(refusal, wait: answer.retryAfter, bytes: 0) }
        guard Self.expired.contains(answer.status) else { throw refusal }
        return .expired(refusal)
    }

    /// An action's headers, and those that go with it unless it says otherwise.
    func headers(
        of action: LFSBatch.Action, unless defaults: [(name: String, value: String)] = []
    ) -> [(name: String, value: String)] {
        let named = Set(action.headers.map { $0.name.lowercased() })
        return action.headers.filter { $0.name.lowercased() != "transfer-encoding" }
            + defaults.filter { !named.contains($0.name.lowercased()) }
    }

    func refusal(_ answer: HTTPAnswer, _ target: URL, _ body: [UInt8]) -> SharingError {
        if answer.status == 401 { return .needsLogin(url: shown(target)) }
        return .refused(url: shown(target), status: answer.status, message: ServerMessage.text(in: body))
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

/// What a server says about a request that it refuses.
enum ServerMessage {
    /// The `message` of a JSON answer, the `<Message>` of XML such as S3's, the title of a page, or a short text; a line, without
    /// control characters.
    static func text(in body: [UInt8]) -> String {
        if let json = try? JSON(parsing: body) {
            let parts = [json["message"]?.string, json["documentation_url"]?.string].compactMap { $0 }
            return line(parts.joined(separator: "; see "))
        }
        let text = String(decoding: body.prefix(64 << 10), as: UTF8.self)
        if let match = text.firstMatch(of: /<Message>([^<]*)<\/Message>/) { return line(String(match.1)) }
        if let match = text.firstMatch(of: /<title>([^<]*)<\/title>/.ignoresCase()) { return line(String(match.1)) }
        return text.contains("<") ? "" : line(text)
    }

    private static func line(_ text: String) -> String {
        let plain = text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }
        return String(String.UnicodeScalarView(plain.prefix(300))).trimmingCharacters(in: .whitespaces)
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
        self.size = size
        self.digest = digest
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
