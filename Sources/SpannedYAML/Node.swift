import Diagnostics

/// A value of a YAML document with the place where it is written.
public struct Node: Sendable {
    public enum Content: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Entry])
    }

    public struct Scalar: Hashable, Sendable {
        public enum Style: Hashable, Sendable {
            case plain
            /// Single or double quotes.
            case quoted
            /// `|` or `>`.
            case block
        }

        public var text: String
        public var style: Style

        public init(text: String, style: Style) {
            self.text = text
            self.style = style
        }
    }

    /// A field of a mapping, in the order of writing. Keys are scalars and differ from each other.
    public struct Entry: Sendable {
        public var key: Node
        public var value: Node

        public init(key: Node, value: Node) {
            self.key = key
            self.value = value
        }

        public var name: String { key.scalar?.text ?? "" }
    }

    public var content: Content
    public var span: SourceSpan

    public init(_ content: Content, at span: SourceSpan) {
        self.content = content
        self.span = span
    }
}

extension Node {
    public var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    public var sequence: [Node]? { if case .sequence(let elements) = content { elements } else { nil } }
    public var mapping: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }

    /// The value of a mapping's field.
    public subscript(key: String) -> Node? { mapping?.first { $0.name == key }?.value }

    /// Whether the value is left out or written as YAML's null.
    public var isNull: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// What the value is, with its article, for messages.
    public var describedKind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The place of some bytes of a scalar's text. Where escapes or folding hide it, the place of the whole scalar.
    public func span(ofText range: Range<Int>) -> SourceSpan {
        guard let scalar else { return span }
        let margin = scalar.style == .quoted ? 1 : 0
        let written = span.source.bytes[span.start..<span.end].dropFirst(margin).dropLast(margin)
        guard written.elementsEqual(scalar.text.utf8), range.upperBound <= written.count else { return span }
        return span.source.span(written.startIndex + range.lowerBound..<written.startIndex + range.upperBound)
    }
}
