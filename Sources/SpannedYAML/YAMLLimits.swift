/// What a document may hold, so that hostile ones end in a diagnostic within bounded time and memory.
public struct YAMLLimits: Sendable {
    /// Of the whole file.
    public var bytes = 4 << 20
    /// Nested lists and mappings.
    public var depth = 48
    /// Scalars, lists and mappings.
    public var nodes = 400_000
    /// Of one scalar.
    public var scalarBytes = 64 << 10
    /// Lines that start with `%`.
    public var directives = 8
    /// Findings after which reading ends.
    public var diagnostics = 100

    public init() {}
}
