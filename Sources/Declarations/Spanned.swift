import Diagnostics

/// Where a value of a recipe is written, and the field that it belongs to.
package final class Place: Sendable {
    /// A default has the place of the field around it, or of the value that decides it.
    package let span: SourceSpan
    /// Dotted: `prune.ratio`.
    package let field: String
    /// Whether the recipe gives the value; a default otherwise.
    package let isWritten: Bool
    /// Of the parts of a mapping by their names, of a list by their numbers, where those differ.
    package let parts: [String: Place]

    package init(_ span: SourceSpan, field: String, isWritten: Bool = true, parts: [String: Place] = [:]) {
        (self.span, self.field, self.isWritten, self.parts) = (span, field, isWritten, parts)
    }

    /// Of values that no recipe gives.
    package static let nowhere = Place(SourceText(path: "", text: "").span(0..<0), field: "", isWritten: false)
}

/// A value with the place where a recipe says it. Values are compared and hashed without their places.
///
/// As a property wrapper, the property is the value, and `$property` has the place as well.
@propertyWrapper
package struct Spanned<Value> {
    package var value: Value
    package var place: Place

    package init(_ value: Value, at place: Place) { (self.value, self.place) = (value, place) }

    package init(_ value: Value, at span: SourceSpan, field: String, isWritten: Bool = true) {
        self.init(value, at: Place(span, field: field, isWritten: isWritten))
    }

    package init(wrappedValue: Value) { self.init(wrappedValue, at: .nowhere) }

    package var wrappedValue: Value {
        get { value }
        set { value = newValue }
    }

    package var projectedValue: Spanned {
        get { self }
        set { self = newValue }
    }

    package var span: SourceSpan { place.span }
    package var field: String { place.field }
    package var isWritten: Bool { place.isWritten }

    package func map<Other>(_ transform: (Value) -> Other) -> Spanned<Other> { Spanned<Other>(transform(value), at: place) }

    /// The value where it is written; else one that another value decides, at that value's place.
    package func or<Other>(_ other: Spanned<Other>, _ transform: (Other) -> Value) -> Spanned {
        if isWritten { return self }
        return Spanned(transform(other.value), at: Place(other.span, field: other.field, isWritten: false))
    }
}

extension Spanned {
    /// The value that there is, if any, with the place.
    package func unwrapped<Wrapped>() -> Spanned<Wrapped>? where Value == Wrapped? {
        value.map { Spanned<Wrapped>($0, at: place) }
    }
}

extension Spanned: Sendable where Value: Sendable {}

extension Spanned: Equatable where Value: Equatable {
    package static func == (left: Spanned, right: Spanned) -> Bool { left.value == right.value }
}

extension Spanned: Hashable where Value: Hashable {
    package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
