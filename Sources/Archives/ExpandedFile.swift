import CArchive
import CZlib
import Foundation

/// The content of a file that gzip or zstd shrank, which may be hostile.
package final class ExpandedFile {
    /// The formats that a file's first bytes tell.
    package enum Format: String, Sendable {
        case gzip
        case zstd

        package init?(magic bytes: some Collection<UInt8>) {
            if bytes.starts(with: [0x1F, 0x8B]) {
                self = .gzip
            } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
                self = .zstd
            } else {
                return nil
            }
        }
    }

    private let expand: (UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int
    private var budget: ExpansionBudget

    package init(_ file: URL, _ format: Format, limits: Archive.Limits = Archive.Limits()) throws(ArchiveError) {
        budget = try ExpansionBudget(for: file, limits)
        switch format {
        case .gzip:
            let gzip = try GzipReader(file)
            expand = { buffer throws(ArchiveError) in try gzip.read(into: buffer) }
        case .zstd:
            let zstd = try ArchiveReader(expanding: file)
            expand = { buffer throws(ArchiveError) in try zstd.read(into: buffer) }
        }
    }

    /// - Returns: how many bytes were read; none at the end.
    /// - Throws: where the file is damaged or cut off, or expands beyond its limits.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let count = try expand(buffer)
        try budget.count(count)
        return count
    }
}

/// zlib's reader of gzip files, of one member or several. Checksums and lengths are checked.
private final class GzipReader {
    private let name: String
    private let descriptor: Int32
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    private var state = z_stream()
    /// Whether a member has begun and not ended.
    private var isInMember = false
    private var isAtEnd = false

    init(_ file: URL) throws(ArchiveError) {
        name = file.lastPathComponent
        descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ArchiveError("\(name) cannot be read: \(String(cString: strerror(errno)))")
        }
        // 15 bits of window, and 16 for the header of gzip.
        guard inflateInit2_(&state, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw damaged("no memory is left")
        }
    }

    deinit {
        inflateEnd(&state)
        close(descriptor)
        input.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        state.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.avail_out = UInt32(min(buffer.count, 1 << 30))
        let wanted = Int(state.avail_out)
        while Int(state.avail_out) == wanted, !isAtEnd {
            if state.avail_in == 0 { try fill() }
            if state.avail_in == 0 {
                guard !isInMember else { throw damaged("it ends in the middle; fetch the file again") }
                isAtEnd = true
                break
            }
            isInMember = true
            switch inflate(&state, Z_NO_FLUSH) {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END:
                isInMember = false
                inflateReset(&state)
            default: throw damaged(state.msg.map { String(cString: $0) } ?? "it is no gzip file")
            }
        }
        return wanted - Int(state.avail_out)
    }

    private func fill() throws(ArchiveError) {
        var count = Foundation.read(descriptor, input.baseAddress, input.count)
        while count < 0, errno == EINTR { count = Foundation.read(descriptor, input.baseAddress, input.count) }
        guard count >= 0 else { throw ArchiveError("\(name) cannot be read: \(String(cString: strerror(errno)))") }
        state.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.avail_in = UInt32(count)
    }

    private func damaged(_ reason: String) -> ArchiveError { ArchiveError("\(name) cannot be read as gzip: \(reason)") }
}
