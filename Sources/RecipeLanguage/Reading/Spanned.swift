import Diagnostics

/// A value of the recipe with the field that it belongs to and the place where it is written.
public struct Spanned<Value> {
    public var value: Value
    /// A default stands where the field around it is written.
    public var span: SourceSpan
    /// Dotted: `prune.ratio`.
    public var field: String
    /// Whether the recipe gives the value; a default otherwise.
    public var isWritten: Bool

    public init(_ value: Value, at span: SourceSpan, field: String, isWritten: Bool = true) {
        self.value = value
        self.span = span
        self.field = field
        self.isWritten = isWritten
    }

    public func map<Other>(_ transform: (Value) -> Other) -> Spanned<Other> {
        Spanned<Other>(transform(value), at: span, field: field, isWritten: isWritten)
    }
}

extension Spanned: Sendable where Value: Sendable {}
