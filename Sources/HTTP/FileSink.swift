import Foundation

/// A body that is written to a file, after what is there of it where the server goes on from there.
package final class FileSink: HTTPSink {
    /// Why the transfer was broken off here.
    package enum Problem: Error {
        case tooLarge
        /// The server sent another part than was asked for, or a part of another file.
        case otherPart
        case cannotWrite(reason: String)

        package var reason: String {
            switch self {
            case .tooLarge: "more bytes came than are taken"
            case .otherPart: "the server sent another part than was asked for"
            case .cannotWrite(let reason): reason
            }
        }
    }

    private let descriptor: Int32
    /// Bytes that were there.
    private let offset: Int
    private(set) var limit: Int?
    private let unstatedLimit: Int?
    private let tag: String?
    /// Bytes that are there now.
    package private(set) var position: Int
    /// Of those, the ones that came.
    package private(set) var received = 0
    package private(set) var problem: Problem?
    /// What the server says with a failure.
    package private(set) var message: [UInt8] = []
    /// The answer whose body goes into the file.
    package private(set) var answer: HTTPAnswer?

    /// - Parameters:
    ///   - offset: bytes of the file that stay, if the server goes on from there.
    ///   - limit: bytes that the file may have.
    ///   - unstatedLimit: bytes that it may have where the server does not state their number.
    ///   - tag: the entity tag that a part must have, where it has one.
    package init(
        _ path: String, from offset: Int, limit: Int? = nil, unstatedLimit: Int? = nil, tag: String? = nil
    ) throws(Problem) {
        self.unstatedLimit = unstatedLimit
        self.offset = offset
        self.limit = limit
        self.tag = tag
        position = offset
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .cannotWrite(reason: String(cString: strerror(errno))) }
    }

    deinit { close(descriptor) }

    package func restart() { message = [] }

    package func receive(_ bytes: UnsafeRawBufferPointer, answer: HTTPAnswer) -> Bool {
        guard answer.isSuccess else {
            if message.count < 16 << 10 { message += bytes }
            return true
        }
        if self.answer == nil, !begin(answer) { return false }
        if let limit, position + bytes.count > limit { return fail(.tooLarge) }
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            guard count > 0 else { return fail(.cannotWrite(reason: String(cString: strerror(errno)))) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        position += bytes.count
        received += bytes.count
        return true
    }

    /// Takes note of an answer that had no body.
    package func finish(_ answer: HTTPAnswer) {
        if self.answer == nil { _ = begin(answer) }
    }

    /// A whole answer starts the file anew; a part must be the one that was asked for.
    private func begin(_ answer: HTTPAnswer) -> Bool {
        if answer.status == 206 {
            let start = answer.headers["content-range"]?.firstMatch(of: /bytes (\d+)-/).flatMap { Int($0.1) }
            let isOfAnother = tag?.hasPrefix("\"") == true && answer.headers["etag"].map { $0 != tag } ?? false
            guard start == offset, !isOfAnother else {
                position = 0
                ftruncate(descriptor, 0)
                return fail(.otherPart)
            }
        } else {
            position = 0
            ftruncate(descriptor, 0)
            let size = answer.headers["content-length"].flatMap { Int($0) }
            if let size, let limit, size > limit { return fail(.tooLarge) }
            // A server that does not say how much it sends may never end.
            if size == nil, let unstatedLimit { limit = min(limit ?? .max, unstatedLimit) }
        }
        self.answer = answer
        return lseek(descriptor, off_t(position), SEEK_SET) >= 0
    }

    private func fail(_ problem: Problem) -> Bool {
        self.problem = problem
        return false
    }
}
