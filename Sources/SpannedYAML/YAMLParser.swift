import Diagnostics

/// Reads one YAML document into nodes with places.
///
/// Anchors, aliases, tags, merge keys, keys that are not scalars and further documents are refused: a file of Decant means
/// what it says where it says it.
package enum YAMLParser {
    /// A node, or diagnostics that say why there is none. An empty file is a null.
    package static func parse(_ source: SourceText, limits: YAMLLimits = YAMLLimits()) -> (
        node: Node?, diagnostics: [Diagnostic]
    ) {
        if let diagnostic = unreadable(source, limits) { return (nil, [diagnostic]) }
        guard let events = YAMLEventStream(source) else {
            return (nil, [Diagnostic(code: "yaml-memory", "there is no memory left to read this file", at: source.span(0..<0))])
        }
        var builder = NodeBuilder(source: source, events: events, limits: limits)
        let node = builder.document()
        let diagnostics = builder.diagnostics.sortedByPosition()
        return (diagnostics.hasErrors ? nil : node, diagnostics)
    }

    /// What must hold before libyaml sees a byte.
    private static func unreadable(_ source: SourceText, _ limits: YAMLLimits) -> Diagnostic? {
        if source.bytes.count > limits.bytes {
            return Diagnostic(
                code: "yaml-too-large", "the file has \(source.bytes.count) bytes; at most \(limits.bytes) are read",
                at: source.span(0..<0), help: "keep data in files of their own and name them under 'sources'")
        }
        if let offset = source.firstInvalidByte {
            return Diagnostic(
                code: "yaml-encoding", "the file is not UTF-8", at: source.span(offset..<offset + 1),
                label: "this byte cannot stand here", help: "save the file as UTF-8")
        }
        // libyaml compares every directive with all before it.
        if let offset = source.offset(ofDirective: limits.directives) {
            return Diagnostic(
                code: "yaml-directive", "the file has more than \(limits.directives) lines that start with '%'",
                at: source.span(offset..<offset + 1), help: "leave YAML directives out")
        }
        return nil
    }
}

extension SourceText {
    /// Where a line starts with `%` after as many others as given.
    fileprivate func offset(ofDirective number: Int) -> Int? {
        var found = 0
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") {
            guard offset == 0 || bytes[offset - 1] == UInt8(ascii: "\n") || bytes[offset - 1] == UInt8(ascii: "\r") else {
                continue
            }
            if found == number { return offset }
            found += 1
        }
        return nil
    }

    /// Offset of the first byte that does not belong to well-formed UTF-8.
    fileprivate var firstInvalidByte: Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += scalar.utf8.count
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }
}

/// What a document may hold, so that hostile ones end in a diagnostic within bounded time and memory.
package struct YAMLLimits: Sendable {
    /// Of the whole file.
    package var bytes = 4 << 20
    /// Nested lists and mappings.
    package var depth = 48
    /// Scalars, lists and mappings.
    package var nodes = 400_000
    /// Of one scalar.
    package var scalarBytes = 64 << 10
    /// Lines that start with `%`.
    package var directives = 8
    /// Findings after which reading ends.
    package var diagnostics = 100

    package init() {}
}

extension Diagnostic {
    /// What libyaml says about malformed text, with advice for the common slips.
    init(syntax problem: YAMLEventStream.Problem) {
        let context = problem.context.map { [Label($0.span, $0.message)] } ?? []
        self.init(
            code: "yaml-syntax", "this is not valid YAML: \(problem.message)", at: problem.span,
            secondary: context.filter { $0.span != problem.span }, help: Self.advice(for: problem))
    }

    private static func advice(for problem: YAMLEventStream.Problem) -> String? {
        let source = problem.span.source
        let next = problem.span.start < source.bytes.count ? source.bytes[problem.span.start] : 0
        if next == UInt8(ascii: "\t") { return "indent with spaces, not tabs" }
        if problem.message.contains("mapping values are not allowed") {
            return "put quotes around a value that holds ': '"
        }
        if problem.message.contains("cannot start any token") {
            return "put quotes around a value that starts with a special character"
        }
        if problem.message.contains("control characters") { return "remove the control character" }
        // Inside of brackets, the closing brace of a variable ends a mapping.
        if next == UInt8(ascii: "{"), problem.span.start > 0, source.bytes[problem.span.start - 1] == UInt8(ascii: "$") {
            return "put quotes around a value with a variable: \"${…}\""
        }
        if closesEarlierQuote(problem.span) {
            return "the quote before this closes one of an earlier line: is a quote missing at that line's end?"
        }
        return nil
    }

    /// Whether a quote stands before a place that nothing on its line opens.
    private static func closesEarlierQuote(_ span: SourceSpan) -> Bool {
        let start = span.source.line(span.line).start
        let line = span.source.bytes[start..<max(start, span.start)]
        guard let quote = line.last, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return false }
        return line.count { $0 == quote } % 2 == 1
    }
}
