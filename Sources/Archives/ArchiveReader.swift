import CArchive
import Foundation

/// libarchive's reader: an archive's entries, one after the other.
///
/// It gives names in the charset of the thread's locale, so it is used inside `withUTF8Names`.
final class ArchiveReader {
    /// The kind of an archive's entry. Hard links count as links.
    enum Kind { case file, folder, link, special }

    private let handle: OpaquePointer
    private let name: String
    /// What messages call a file that can be read.
    private let form: String

    /// An archive of files.
    convenience init(of file: URL) throws(ArchiveError) {
        // Only what the library reads by itself: some other formats make it start programs.
        try self.init(
            file, as: "a zip, tar or 7z archive",
            [
                archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_xz,
                archive_read_support_filter_zstd, archive_read_support_format_zip, archive_read_support_format_tar,
                archive_read_support_format_7zip,
            ])
    }

    /// One file that zstd shrank, as an archive of one entry, which is open.
    convenience init(expanding file: URL) throws(ArchiveError) {
        try self.init(
            file, as: "zstd",
            [archive_read_support_filter_zstd, archive_read_support_format_raw, archive_read_support_format_empty])
        _ = try next()
    }

    private init(
        _ file: URL, as form: String, _ parts: [(OpaquePointer?) -> Int32]
    ) throws(ArchiveError) {
        (name, self.form) = (file.lastPathComponent, form)
        guard let handle = archive_read_new() else { throw ArchiveError("\(name) cannot be read: no memory is left") }
        self.handle = handle
        for enable in parts { _ = enable(handle) }
        guard archive_read_open_filename(handle, file.path, 1 << 16) == ARCHIVE_OK else { throw failure() }
    }

    deinit { archive_read_free(handle) }

    /// The next entry; `nil` at the end. `size` is what the entry says of itself, and may be wrong. A name that is not UTF-8 is
    /// given as far as it can be shown.
    func next() throws(ArchiveError) -> (path: String, isUTF8: Bool, kind: Kind, size: Int)? {
        var entry: OpaquePointer?
        let status = archive_read_next_header(handle, &entry)
        if status == ARCHIVE_EOF { return nil }
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw failure() }
        guard let path = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry) else {
            throw unreadable("a member has no name")
        }
        return (
            String(cString: path), String(validatingCString: path) != nil, Self.kind(of: entry),
            max(0, Int(archive_entry_size(entry)))
        )
    }

    private static func kind(of entry: OpaquePointer) -> Kind {
        if archive_entry_hardlink(entry) != nil { return .link }
        switch archive_entry_filetype(entry) {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        case S_IFLNK: return .link
        default: return .special
        }
    }

    /// Hands the entry's content on in pieces.
    func read(_ receive: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void) throws(ArchiveError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { return }
            try receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// - Returns: how many bytes of the entry's content were read; none at its end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let count = archive_read_data(handle, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw failure() }
        return count
    }

    private func failure() -> ArchiveError {
        unreadable(archive_error_string(handle).map { String(cString: $0) } ?? "it is damaged")
    }

    private func unreadable(_ reason: String) -> ArchiveError {
        ArchiveError("\(name) cannot be read as \(form): \(reason)")
    }
}

/// Runs something on this thread with a locale in which every name has a spelling.
func withUTF8Names<Result>(_ body: () throws(ArchiveError) -> Result) throws(ArchiveError) -> Result {
    // The mask of LC_CTYPE alone.
    guard let locale = newlocale(1 << LC_CTYPE, "C.UTF-8", nil) else { return try body() }
    let previous = uselocale(locale)
    defer {
        uselocale(previous)
        freelocale(locale)
    }
    return try body()
}
