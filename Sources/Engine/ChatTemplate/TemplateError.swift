/// Why a chat template cannot be read or rendered, and where.
package struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    package var reason: String
    /// From 1.
    package var line: Int

    package var description: String { "chat template, line \(line): \(reason)" }
}
