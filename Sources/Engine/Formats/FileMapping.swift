import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A file's bytes, read as they are asked for. Whoever replaces the file by a rename leaves them as they are.
final class FileMapping: @unchecked Sendable {
    private let memory: UnsafeMutableRawPointer?
    private let count: Int

    /// `nil` where there is no file that can be read.
    init?(of url: URL) {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        count = Int(status.st_size)
        guard count > 0 else {
            memory = nil
            return
        }
        let memory = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard memory != MAP_FAILED else { return nil }
        self.memory = memory
    }

    deinit { if let memory { munmap(memory, count) } }

    /// The whole file; it keeps the mapping alive.
    var data: Data {
        guard let memory else { return Data() }
        return Data(bytesNoCopy: memory, count: count, deallocator: .custom { _, _ in withExtendedLifetime(self) {} })
    }

    /// Gives back the memory of what has been read, but for pages that are shared with what lies beside it. It is read anew
    /// where it is asked for again.
    func release(_ range: Range<Int>) {
        guard let memory else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let (start, end) = ((range.lowerBound + page - 1) / page * page, min(range.upperBound, count) / page * page)
        if start < end { madvise(memory + start, end - start, MADV_DONTNEED) }
    }
}
