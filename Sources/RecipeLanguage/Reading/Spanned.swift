import Diagnostics

/// A value of the recipe with the field that it belongs to and the place where it is written.
package struct Spanned<Value> {
    package var value: Value
    /// A default stands where the field around it is written.
    package var span: SourceSpan
    /// Dotted: `prune.ratio`.
    package var field: String
    /// Whether the recipe gives the value; a default otherwise.
    package var isWritten: Bool

    package init(_ value: Value, at span: SourceSpan, field: String, isWritten: Bool = true) {
        self.value = value
        self.span = span
        self.field = field
        self.isWritten = isWritten
    }

    package func map<Other>(_ transform: (Value) -> Other) -> Spanned<Other> {
        Spanned<Other>(transform(value), at: span, field: field, isWritten: isWritten)
    }
}

extension Spanned: Sendable where Value: Sendable {}
