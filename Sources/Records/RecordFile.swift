import Archives
import CanonicalJSON
import Foundation

/// A file of records from outside: JSON objects in one of several containers, which gzip or zstd may have shrunk.
package struct RecordFile: Sendable {
    package let url: URL
    /// What messages call the file.
    package let name: String
    /// Where files may be put while this one is read.
    private let scratch: URL
    private let limits: Archive.Limits
    /// What reads Parquet and Arrow.
    private let library: ColumnLibrary

    /// Rows that show the same functions shrink to a hundredth and less, so more is allowed than of archives: what is read is
    /// not kept in memory.
    package static let standardLimits = Archive.Limits(ratio: 1000, freeBytes: 1 << 30)

    package init(
        _ url: URL, named name: String, scratch: URL = .temporaryDirectory, limits: Archive.Limits = standardLimits,
        library: ColumnLibrary = ColumnLibrary()
    ) {
        (self.url, self.name, self.scratch, self.limits, self.library) = (url, name, scratch, limits, library)
    }

    /// How a file holds its records: `CSV`, `JSON lines in gzip`.
    package struct Form: Hashable, Sendable, CustomStringConvertible {
        package let container: Container
        package let compression: ExpandedFile.Format?

        package var description: String { container.rawValue + (compression.map { " in \($0.rawValue)" } ?? "") }
    }

    /// Reads the records one after the other; numbers are as written.
    ///
    /// - Parameters:
    ///   - columns: gets the names of all members before the first record, where the container tells them.
    ///   - record: gets each record, or why it cannot be read. Where it returns, reading goes on.
    /// - Throws: `RecordError` where the file cannot be read further, and what the closures throw.
    @discardableResult
    package func read(
        columns: ([String]) throws -> Void = { _ in },
        record: (RecordPlace, Result<JSON, DamagedRecord>) throws -> Void
    ) throws -> Form {
        let (stream, form) = try open()
        switch form.container {
        case .jsonLines: try JSONLines(stream, file: name, counting: .line).forEach(record)
        case .jsonList: try JSONList(stream, file: name).forEach(record)
        case .separated:
            var values = SeparatedValues(stream, file: name)
            try values.forEach(columns: columns, record: record)
        case .parquet, .arrowFile, .arrowStream:
            try withPlainFile(form.compression) { plain in
                try ColumnFile(plain, form.container, file: name, scratch: scratch, limits: limits, library: library)
                    .forEach(columns: columns, record: record)
            }
        }
        return form
    }

    /// The first records, and the names of all members where the container tells them.
    ///
    /// - Throws: also where one of them is damaged.
    package func first(_ count: Int) throws -> (columns: [String], records: [JSON]) {
        struct Enough: Error {}
        var names: [String] = []
        var records: [JSON] = []
        do {
            try read(columns: { names = $0 }) { place, record in
                do throws(DamagedRecord) {
                    records.append(try record.get())
                } catch {
                    throw RecordError(place, "\(error)")
                }
                if records.count == count { throw Enough() }
            }
        } catch is Enough {}
        return (names, records)
    }

    /// The whole content, expanded.
    package func content() throws -> Data {
        let (stream, _) = try expanded()
        var content = Data()
        repeat {
            content.append(contentsOf: stream.ahead)
            stream.take(stream.ahead.count)
        } while try stream.readMore()
        return content
    }

    /// How the file holds its records.
    package func form() throws -> Form { try open().form }

    private func open() throws -> (stream: ByteStream, form: Form) {
        let (stream, compression) = try expanded()
        _ = try stream.has(Container.lookahead)
        let container = try Container(head: stream.ahead.prefix(Container.lookahead), name: name)
        if container.isText { try stream.takeByteOrderMark() }
        return (stream, Form(container: container, compression: compression))
    }

    private func expanded() throws -> (stream: ByteStream, compression: ExpandedFile.Format?) {
        let plain = try ByteStream(of: url, named: name)
        _ = try plain.has(4)
        guard let format = ExpandedFile.Format(magic: plain.ahead) else { return (plain, nil) }
        let file = try ExpandedFile(url, format, limits: limits)
        return (ByteStream(named: name) { try file.read(into: $0) }, format)
    }

    /// Hands on a file that can be read at any place.
    private func withPlainFile(_ compression: ExpandedFile.Format?, _ body: (URL) throws -> Void) throws {
        guard let compression else { return try body(url) }
        let plain = scratch.appending(path: "expanded-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: plain) }
        guard FileManager.default.createFile(atPath: plain.path, contents: nil) else {
            throw RecordError("\(name) cannot be expanded into \(scratch.path)")
        }
        let output = try FileHandle(forWritingTo: plain)
        defer { try? output.close() }
        let file = try ExpandedFile(url, compression, limits: limits)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while case let count = try file.read(into: buffer), count > 0 { try output.write(contentsOf: Data(buffer[0..<count])) }
        try body(plain)
    }
}
