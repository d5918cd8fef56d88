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
