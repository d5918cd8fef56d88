import Declarations
import Diagnostics

/// What a person wrote, with every default filled in. docs/recipe-language.md lists the fields.
package struct Recipe: Sendable {
    package let text: SourceText
    /// The recipes that this one extends, the nearest first.
    package let bases: [SourceText]
    package let name: Spanned<String>
    package let description: Spanned<String>
    /// Where the matrix is written; `nil` without one.
    package let matrix: SourceSpan?
    /// Sorted by name.
    package let sources: [Source]
    /// In the matrix's order, the last axis fastest; one without choices where there is no matrix.
    package let variants: [Variant]

    /// One combination of the matrix.
    package struct Variant: Sendable {
        /// A value that an axis of the matrix takes.
        package struct Choice: Hashable, Sendable {
            /// Dotted: `prune.ratio`.
            package let field: String
            /// The value as short text: `20%`, `hidden=128`.
            package let label: String
            /// Of the value in the axis.
            package let index: Int
        }

        /// One per axis, in the matrix's order.
        package let choices: [Choice]
        package let pipeline: Pipeline
    }

    /// The source of a name; readers have checked that names exist.
    package func source(named name: String) -> Source? { sources.first { $0.name.value == name } }
}
