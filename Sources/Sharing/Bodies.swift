import BuildModel
import Foundation
import HTTP
import Store

/// An object as a body, hashed on the way: the last bytes of one that is damaged are never sent.
final class ObjectBody: HTTPBody {
    let size: Int
    private let digest: Digest
    private let descriptor: Int32
    private var hasher = DigestHasher()
    private var position = 0
    private(set) var isDamaged = false

    init(_ file: URL, digest: Digest, size: Int) throws {
        self.size = size
        self.digest = digest
        descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError.cannotRead(path: file.path, reason: String(cString: strerror(errno)))
        }
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard position < size else { return 0 }
        let count = Glibc.read(descriptor, buffer.baseAddress, min(buffer.count, size - position))
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
        return lseek(descriptor, 0, SEEK_SET) == 0
    }
}

/// An object's bytes, appended to what came before where the server goes on from there.
final class ObjectSink: HTTPSink {
    private let size: Int
    /// Bytes that were there.
    private let offset: Int
    private let descriptor: Int32
    private var position: Int
    private var isOpen = false
    /// Why the transfer was broken off here.
    private(set) var problem: (any Error)?
    /// What the server says with a failure.
    private(set) var message: [UInt8] = []
    private(set) var received = 0
    private let path: String

    init(_ object: IncomingObject) throws {
        size = object.size
        offset = object.received
        position = offset
        path = object.partial.path
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError.cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
    }

    deinit { close(descriptor) }

    func restart() { message = [] }

    func receive(_ bytes: UnsafeRawBufferPointer, answer: HTTPAnswer) -> Bool {
        guard answer.isSuccess else {
            if message.count < 16 << 10 { message += bytes }
            return true
        }
        if !isOpen, !begin(answer) { return false }
        guard position + bytes.count <= size else {
            problem = Refusal(subject: "an object", reason: "more bytes came than the \(size) that its pointer says")
            return false
        }
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            guard count > 0 else {
                problem = StoreError.cannotWrite(path: path, reason: String(cString: strerror(errno)))
                return false
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        position += bytes.count
        received += bytes.count
        return true
    }

    /// A whole answer starts the file anew; a part must be the one that was asked for.
    private func begin(_ answer: HTTPAnswer) -> Bool {
        isOpen = true
        if answer.status == 206 {
            let start = answer.headers["content-range"]?.firstMatch(of: /bytes (\d+)-/).flatMap { Int($0.1) }
            guard start == offset else {
                problem = HTTPFailure(reason: "the server sent another part than was asked for")
                ftruncate(descriptor, 0)
                return false
            }
        } else {
            position = 0
            ftruncate(descriptor, 0)
        }
        return lseek(descriptor, off_t(position), SEEK_SET) >= 0
    }
}
