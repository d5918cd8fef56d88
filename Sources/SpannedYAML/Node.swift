import Diagnostics

/// A value of a YAML document with the place where it is written.
package struct Node: Sendable {
    package enum Content: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Entry])
    }

    package struct Scalar: Hashable, Sendable {
        package enum Style: Hashable, Sendable {
            case plain
            /// Single or double quotes.
            case quoted
            /// `|` or `>`.
            case block
        }

        package var text: String
        package var style: Style

        package init(text: String, style: Style) { (self.text, self.style) = (text, style) }
    }

    /// A field of a mapping, in the order of writing. Keys are scalars and differ from each other.
    package struct Entry: Sendable {
        package var key: Node
        package var value: Node

        package init(key: Node, value: Node) { (self.key, self.value) = (key, value) }

        package var name: String { key.scalar?.text ?? "" }
    }

    package var content: Content
    package var span: SourceSpan

    package init(_ content: Content, at span: SourceSpan) { (self.content, self.span) = (content, span) }
}

extension Node {
    package var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    package var sequence: [Node]? { if case .sequence(let elements) = content { elements } else { nil } }
    package var mapping: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }

    /// The value of a mapping's field.
    package subscript(key: String) -> Node? { mapping?.first { $0.name == key }?.value }

    /// Whether the value is left out or written as YAML's null.
    package var isNull: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// What the value is, with its article, for messages.
    package var describedKind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The place of some bytes of a scalar's text. Where escapes or folding hide it, the place of the whole scalar.
    package func span(ofText range: Range<Int>) -> SourceSpan {
        guard let scalar else { return span }
        let margin = scalar.style == .quoted ? 1 : 0
        let written = span.source.bytes[span.start..<span.end].dropFirst(margin).dropLast(margin)
        guard written.elementsEqual(scalar.text.utf8), range.upperBound <= written.count else { return span }
        return span.source.span(written.startIndex + range.lowerBound..<written.startIndex + range.upperBound)
    }
}
