import Foundation

/// Bytes that come in pieces, as parsers want them: line by line, or as far ahead as they look.
final class ByteStream {
    /// A record is no larger: whatever needs more bytes at once is refused.
    static let mostBytes = 64 << 20

    private let name: String
    /// Fills a buffer and gives the number of bytes; none at the end.
    private let read: (UnsafeMutableRawBufferPointer) throws -> Int
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private(set) var isAtEnd = false

    init(named name: String, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        (self.name, self.read) = (name, read)
        buffer = .allocate(byteCount: 1 << 18, alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// What was read and not yet taken; valid until the next call.
    var ahead: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[start..<end]) }

    func take(_ count: Int) { start += min(count, end - start) }

    /// Reads further.
    ///
    /// - Returns: whether `ahead` has more bytes now.
    func readMore() throws -> Bool {
        if isAtEnd { return false }
        if start > 0 {
            buffer.copyMemory(from: ahead)
            (start, end) = (0, end - start)
        }
        if end == buffer.count {
            guard buffer.count < Self.mostBytes else {
                throw RecordError("\(name): a record has more than \(Self.mostBytes >> 20) MiB; is this a file of rows?")
            }
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
            larger.copyMemory(from: ahead)
            buffer.deallocate()
            buffer = larger
        }
        let count = try read(UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
        end += count
        isAtEnd = count == 0
        return count > 0
    }

    /// Whether so many bytes are ahead.
    func has(_ count: Int) throws -> Bool {
        while end - start < count { guard try readMore() else { return false } }
        return true
    }

    /// The next line without its line feed, taken; `nil` at the end. Valid until the next call.
    func nextLine() throws -> UnsafeRawBufferPointer? {
        var searched = 0
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: ahead[searched...])
            if let base = rest.baseAddress, let found = memchr(base, 0x0A, rest.count) {
                let length = searched + (UnsafeRawPointer(found) - base)
                defer { take(length + 1) }
                return UnsafeRawBufferPointer(rebasing: ahead[..<length])
            }
            searched = ahead.count
            if try readMore() { continue }
            guard !ahead.isEmpty else { return nil }
            defer { take(searched) }
            return ahead
        }
    }

    /// Whether a mark of byte order stood there, which is taken.
    @discardableResult
    func takeByteOrderMark() throws -> Bool {
        guard try has(3), ahead.starts(with: [0xEF, 0xBB, 0xBF]) else { return false }
        take(3)
        return true
    }
}

extension ByteStream {
    /// The bytes of a file.
    convenience init(of file: URL, named name: String) throws {
        let descriptor = OpenDescriptor(open(file.path, O_RDONLY | O_CLOEXEC))
        guard descriptor.number >= 0 else {
            throw RecordError("\(name) cannot be read: \(String(cString: strerror(errno)))")
        }
        self.init(named: name) { buffer in
            let count = descriptor.read(into: buffer)
            guard count >= 0 else { throw RecordError("\(name) cannot be read: \(String(cString: strerror(errno)))") }
            return count
        }
    }
}

/// A descriptor that is closed with this object.
private final class OpenDescriptor {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { if number >= 0 { close(number) } }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = Foundation.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 || errno != EINTR { return count }
        }
    }
}
