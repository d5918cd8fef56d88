import CanonicalJSON
import Engine
import Foundation
import Records

/// Cuts a plain text into passages that a model learns to continue. Lengths are numbers of Unicode scalars.
///
/// Paragraphs, between which lines are blank, are joined until they are long enough. What is then too long is cut at white
/// space into nearly equal parts.
enum PassageReader: RowReader {
    static let readsWholeFiles = true
    static let needed = [text]
    private static let text = "text"

    /// Files of one name share their numbering. A file of records has its texts in their member `text`.
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        var counts: [String: Int] = [:]
        func add(_ text: Data, _ rows: inout IngestedRows, _ file: IngestedFile, _ place: RecordPlace) throws {
            for passage in try passages(in: text, file: "\(place)") {
                counts[file.name, default: 0] += 1
                let id = "\(file.name)-\(counts[file.name] ?? 0)"
                try rows.add(Row(passage: passage, id: id), [], set: file.set, place: place)
            }
        }
        for file in files {
            if try hasRecords(file) {
                try rows.read(file, for: Self.self) { rows, record, place in
                    guard let text = record[text]?.string else { throw RowError("the row has no 'text'") }
                    try add(Data(text.utf8), &rows, file, place)
                }
            } else {
                rows.begin(file)
                let place = RecordPlace(file: file.name)
                let content = try file.content()
                try rows.attempt(at: place) { try add(content, &$0, file, place) }
            }
        }
    }

    /// Whether a file holds records with texts, and is no text itself.
    ///
    /// - Throws: where it is a table whose columns nobody names: its lines are no text to continue.
    static func hasRecords(_ file: IngestedFile) throws(StageFailure) -> Bool {
        guard let form = try? file.records.form() else { return false }
        switch form.container {
        case .parquet, .arrowFile, .arrowStream: return true
        case .jsonLines, .jsonList: return (try? file.records.first(1))?.records.first?.object != nil
        case .separated:
            if !file.columns.isEmpty { return true }
            guard let head = try? file.records.first(20), head.columns.count > 1, head.records.count > 1,
                head.columns.allSatisfy(isColumnName)
            else { return false }
            let names = head.columns.joined(separator: ", ")
            throw StageFailure(
                "\(file.name) is a table with the columns \(names), and no plain text. For questions and their replies write "
                    + "`format: table` with `columns: {query: NAME, reply: NAME}` under data.ingest; for texts to continue, "
                    + "`columns: {text: NAME}`")
        }
    }

    /// Sentences are no names.
    private static func isColumnName(_ text: String) -> Bool {
        text.count <= 40 && text.split(separator: " ").count <= 4 && !text.contains(where: { ".!?;:\"".contains($0) })
    }

    /// The paragraph that brings a passage to this length is its last.
    static let enough = 600
    /// No passage is longer, but for a remainder that is joined to it.
    static let longest = 1200
    /// A remainder of a text that is shorter is no passage: it belongs to the one before, and without one is left out.
    static let shortest = 20

    private static let blankLine: [Unicode.Scalar] = ["\n", "\n"]

    /// - Parameter file: the text's name in messages.
    static func passages(in content: Data, file: String) throws(StageFailure) -> [String] {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw StageFailure("\(file), line \(damagedLine(of: content)): not UTF-8; save the text in UTF-8")
        }
        var passages: [[Unicode.Scalar]] = []
        var open: [Unicode.Scalar] = []
        for paragraph in paragraphs(of: text) {
            if !open.isEmpty { open += blankLine }
            open += paragraph
            guard open.count >= enough else { continue }
            passages += parts(of: open)
            open = []
        }
        if open.count >= shortest {
            passages.append(open)
        } else if !open.isEmpty, let last = passages.popLast() {
            passages.append(last + blankLine + open)
        }
        return passages.map { String(String.UnicodeScalarView($0)) }
    }

    /// Lines keep their breaks and lose the white space at their ends, the carriage return of `CRLF` among it; the first line
    /// of a paragraph loses its indent too.
    private static func paragraphs(of text: String) -> [[Unicode.Scalar]] {
        let lineEnd: Unicode.Scalar = "\n"
        let byteOrderMark: Unicode.Scalar = "\u{FEFF}"
        var paragraphs: [[Unicode.Scalar]] = []
        var isOpen = false
        let scalars = text.unicodeScalars.drop { $0 == byteOrderMark }
        for line in scalars.split(separator: lineEnd, omittingEmptySubsequences: false) {
            let line = withoutTrailingSpace(Array(line)[...])
            if line.isEmpty {
                isOpen = false
            } else if isOpen {
                paragraphs[paragraphs.count - 1].append(lineEnd)
                paragraphs[paragraphs.count - 1] += line
            } else {
                paragraphs.append(Array(line.drop(while: \.properties.isWhitespace)))
                isOpen = true
            }
        }
        return paragraphs
    }

    /// The text in as few parts as are short enough, cut at the last white space of each part's second half, if there is any.
    private static func parts(of text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var parts: [[Unicode.Scalar]] = []
        var rest = text[...]
        while rest.count > longest {
            let wanted = (rest.count + longest - 1) / longest
            let length = (rest.count + wanted - 1) / wanted
            let (middle, limit) = (rest.startIndex + length / 2, rest.startIndex + length)
            let cut = rest[middle..<limit].lastIndex(where: \.properties.isWhitespace) ?? limit
            parts.append(withoutTrailingSpace(rest[..<cut]))
            rest = rest[cut...].drop(while: \.properties.isWhitespace)
        }
        return parts + [Array(rest)]
    }

    private static func withoutTrailingSpace(_ text: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        guard let last = text.lastIndex(where: { !$0.properties.isWhitespace }) else { return [] }
        return Array(text[...last])
    }

    /// The number of the first line that is not UTF-8.
    private static func damagedLine(of content: Data) -> Int {
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return 1 + (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0)
    }
}
