import Engine
import Foundation

/// Cuts a plain text into passages that a model learns to continue. Lengths are numbers of Unicode scalars.
///
/// Paragraphs, between which lines are blank, are joined until they are long enough. What is then too long is cut at white
/// space into nearly equal parts.
enum PassageReader: RowReader {
    /// Files of one name share their numbering.
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        var counts: [String: Int] = [:]
        for file in files {
            for passage in try passages(in: file.content(), file: file.name) {
                counts[file.name, default: 0] += 1
                let id = "\(file.name)-\(counts[file.name] ?? 0)"
                try rows.add(Row(passage: passage, id: id), [], set: file.set, place: file.name)
            }
        }
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
