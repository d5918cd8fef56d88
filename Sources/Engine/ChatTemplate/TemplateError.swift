/// Why a chat template cannot be read or rendered, and where.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    public var reason: String
    /// From 1.
    public var line: Int

    public var description: String { "chat template, line \(line): \(reason)" }
}
