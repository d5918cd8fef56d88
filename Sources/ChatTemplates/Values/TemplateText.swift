import Glibc

/// A string of a template. Its characters are reached against a budget only.
package struct TemplateText: Sendable {
    private let string: String
    /// Whether the filter `safe` or `escape` made it: what is added to it has its HTML escaped, as the library has it.
    private(set) var isMarkup = false

    /// A string from outside, or of the template's source.
    package init(given string: String) { self.string = string }

    /// A string that an operation made, which has paid for its work.
    init(_ string: String, _ budget: inout TemplateBudget) throws(TemplateError) {
        try budget.checkSize(string.utf8.count)
        try budget.copy(bytes: string.utf8.count)
        self.string = string
    }

    /// Bytes.
    var size: Int { string.utf8.count }
    var isEmpty: Bool { string.isEmpty }

    /// The string, to copy or compare it.
    func read(_ budget: inout TemplateBudget) throws(TemplateError) -> String {
        try budget.copy(bytes: size)
        return string
    }

    /// The string, to look at its characters one by one.
    func scan(_ budget: inout TemplateBudget) throws(TemplateError) -> String {
        try budget.scan(bytes: size)
        return string
    }

    /// Whether it has the same code points.
    func equals(_ other: TemplateText, _ budget: inout TemplateBudget) throws(TemplateError) -> Bool {
        guard size == other.size else { return false }
        try budget.copy(bytes: size)
        return isSame(other)
    }

    /// As `equals`, where the caller has paid.
    func isSame(_ other: TemplateText) -> Bool {
        guard size == other.size else { return false }
        let same = string.utf8.withContiguousStorageIfAvailable { a in
            other.string.utf8.withContiguousStorageIfAvailable { b in
                a.baseAddress.map { memcmp($0, b.baseAddress ?? $0, a.count) == 0 } ?? true
            }
        }
        return (same ?? nil) ?? string.utf8.elementsEqual(other.string.utf8)
    }

    /// The same, as HTML that needs no escaping.
    var asMarkup: TemplateText {
        var text = self
        text.isMarkup = true
        return text
    }

    func changed(_ change: (String) -> String) -> TemplateText { TemplateText(given: change(string)) }
}

extension String {
    /// The text with HTML's special characters as entities.
    var escapedForHTML: String {
        unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}

/// A text that is put together piece by piece, each paid before it is added.
struct TemplateWriter {
    private var string = ""

    mutating func append(_ piece: some StringProtocol, _ budget: inout TemplateBudget) throws(TemplateError) {
        let count = piece.utf8.count
        try budget.checkSize(string.utf8.count + count)
        try budget.copy(bytes: count)
        string += piece
    }

    mutating func append(_ text: TemplateText, _ budget: inout TemplateBudget) throws(TemplateError) {
        try append(try text.read(&budget), &budget)
    }

    mutating func append(
        _ piece: String, times: Int, _ budget: inout TemplateBudget
    ) throws(TemplateError) {
        let (count, overflows) = piece.utf8.count.multipliedReportingOverflow(by: max(0, times))
        guard count > 0 || overflows else { return }
        let (sum, isTooMuch) = count.addingReportingOverflow(string.utf8.count)
        try budget.checkSize(overflows || isTooMuch ? .max : sum)
        try budget.copy(bytes: count)
        // Adding a piece costs more than its bytes where it is short: many are added at once.
        var (block, held) = (piece, 1)
        while held <= times / 2, block.utf8.count < 4096 {
            block += block
            held *= 2
        }
        for _ in 0..<times / held { string += block }
        for _ in 0..<times % held { string += piece }
    }

    var text: TemplateText { TemplateText(given: string) }
    var prompt: String { string }
}

/// Places of one text in another, found in time that grows with the sum of their lengths (Knuth, Morris and Pratt).
struct TextSearch {
    private let text: [UInt8]
    private let part: [UInt8]
    /// For each length of a beginning of the part: the longest shorter one that it ends with.
    private let borders: [Int32]

    init(_ text: String, _ part: String) {
        self.text = Array(text.utf8)
        self.part = Array(part.utf8)
        borders = self.part.count <= self.text.count ? Self.borders(of: self.part) : []
    }

    private static func borders(of part: [UInt8]) -> [Int32] {
        var borders: [Int32] = [0, 0]
        borders.reserveCapacity(part.count + 1)
        var length = 0
        for byte in part.dropFirst() {
            while length > 0, part[length] != byte { length = Int(borders[length]) }
            if part[length] == byte { length += 1 }
            borders.append(Int32(truncatingIfNeeded: length))
        }
        return borders
    }

    /// The last place that ends at or before a byte.
    func last(upTo end: Int) -> Int? {
        var (found, start): (Int?, Int) = (nil, 0)
        while let place = first(from: start), place + part.count <= end {
            found = place
            start = place + 1
        }
        return found
    }

    /// The first place at or after a byte.
    func first(from start: Int) -> Int? {
        guard !part.isEmpty else { return start <= text.count ? start : nil }
        guard part.count <= text.count else { return nil }
        var length = 0
        for place in start..<max(start, text.count) {
            while length > 0, part[length] != text[place] { length = Int(borders[length]) }
            if part[length] == text[place] { length += 1 }
            if length == part.count { return place + 1 - length }
        }
        return nil
    }

    /// The pieces of the text between the places of a part that is not empty.
    ///
    /// - Parameter limit: places that count, at most.
    func pieces(limit: Int = .max) -> [Substring] {
        var pieces: [Substring] = []
        var start = 0
        while pieces.count < limit, let place = first(from: start) {
            pieces.append(Substring(decoding: text[start..<place], as: UTF8.self))
            start = place + part.count
        }
        pieces.append(Substring(decoding: text[start...], as: UTF8.self))
        return pieces
    }
}
