/// How a file holds its records. Its content tells, never its name.
package enum Container: String, Sendable {
    case jsonLines = "JSON lines"
    case jsonList = "a JSON list"
    /// Values between separators, a line with names first.
    case separated = "CSV"
    case parquet = "Parquet"
    case arrowFile = "Arrow"
    case arrowStream = "Arrow stream"

    /// Whether its records stand in lines of text.
    package var isText: Bool {
        switch self {
        case .jsonLines, .jsonList, .separated: true
        case .parquet, .arrowFile, .arrowStream: false
        }
    }

    /// How many of a file's first bytes are looked at.
    static let lookahead = 4096

    /// - Parameters:
    ///   - head: a file's first bytes, `lookahead` of them unless the file is shorter.
    ///   - name: the file's, for the error.
    /// - Throws: where the bytes are those of something else.
    init(head: some Collection<UInt8>, name: String) throws(RecordError) {
        if let container = Self.binary(head) {
            self = container
            return
        }
        if let (form, fix) = Self.foreignForm(of: head) { throw RecordError("\(name) is \(form): \(fix)") }
        let text = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head.dropFirst(3) : head[...]
        switch text.first(where: { !" \n\r\t".utf8.contains($0) }) {
        case UInt8(ascii: "["): self = .jsonList
        case UInt8(ascii: "{"), nil: self = .jsonLines
        default: self = .separated
        }
    }

    private static func binary(_ head: some Collection<UInt8>) -> Container? {
        if head.starts(with: "PAR1".utf8) { return .parquet }
        if head.starts(with: "ARROW1\0".utf8) { return .arrowFile }
        if head.starts(with: [0xFF, 0xFF, 0xFF, 0xFF]) { return .arrowStream }
        return nil
    }

    /// What a file is that holds no records, and what to do about it.
    private static func foreignForm(of head: some Collection<UInt8>) -> (form: String, fix: String)? {
        let forms: [(magic: [UInt8], form: String, fix: String)] = [
            ([0xFF, 0xFE], "text in UTF-16", "save it in UTF-8"), ([0xFE, 0xFF], "text in UTF-16", "save it in UTF-8"),
            (Array("PARE".utf8), "an encrypted Parquet file", "write it without encryption"),
            (Array("PK\u{3}\u{4}".utf8), "a zip archive", "take the file of rows out; a workbook saves its sheet as CSV"),
            (Array("BZh".utf8), "compressed with bzip2", "expand it, or use gzip or zstd"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "compressed with xz", "expand it, or use gzip or zstd"),
            ([0x04, 0x22, 0x4D, 0x18], "compressed with LZ4", "expand it, or use gzip or zstd"),
            (Array("SQLite format 3".utf8), "an SQLite database", "export the table as CSV"),
            (Array("version https://git-lfs".utf8), "a pointer of Git LFS", "fetch the file itself with `git lfs pull`"),
            (Array("<".utf8), "HTML or XML", "fetch the file of rows itself"),
        ]
        if let known = forms.first(where: { head.starts(with: $0.magic) }) { return (known.form, known.fix) }
        guard head.contains(0) else { return nil }
        // In UTF-16 every other byte of plain letters is zero.
        let pairs = head.prefix(64)
        if pairs.count(where: { $0 == 0 }) * 3 >= pairs.count { return ("text in UTF-16", "save it in UTF-8") }
        return ("no file of rows", "JSON lines, a JSON list, CSV, Parquet and Arrow can be read, and gzip and zstd of them")
    }
}
