import Diagnostics

/// What a person wrote, with every default filled in. docs/recipe-language.md lists the fields.
public struct Recipe: Sendable {
    public let text: SourceText
    /// The recipes that this one extends, the nearest first.
    public let bases: [SourceText]
    public let name: Spanned<String>
    public let description: Spanned<String>
    /// Where the matrix is written; `nil` without one.
    public let matrix: SourceSpan?
    /// Sorted by name.
    public let sources: [Source]
    /// In the matrix's order, the last axis fastest; one without choices where there is no matrix.
    public let variants: [Variant]

    /// One combination of the matrix.
    public struct Variant: Sendable {
        /// A value that an axis of the matrix takes.
        public struct Choice: Hashable, Sendable {
            /// Dotted: `prune.ratio`.
            public let field: String
            /// The value as short text: `20%`, `hidden=128`.
            public let label: String
            /// Of the value in the axis.
            public let index: Int
        }

        /// One per axis, in the matrix's order.
        public let choices: [Choice]
        public let pipeline: Pipeline
    }

    /// The source of a name; readers have checked that names exist.
    public func source(named name: String) -> Source? { sources.first { $0.name.value == name } }
}
