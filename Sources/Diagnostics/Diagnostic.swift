/// One finding about a file that a person wrote.
package struct Diagnostic: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        case error
        case warning
    }

    /// A place and a few words about it.
    package struct Label: Hashable, Sendable {
        package var span: SourceSpan
        /// May be empty.
        package var text: String

        package init(_ span: SourceSpan, _ text: String = "") { (self.span, self.text) = (span, text) }
    }

    package var severity: Severity
    /// A stable word for programs and documentation: `unknown-field`.
    package var code: String
    /// One sentence without a full stop.
    package var message: String
    package var primary: Label
    package var secondary: [Label]
    /// What to do about it.
    package var help: String?

    package init(
        _ severity: Severity = .error, code: String, _ message: String, at span: SourceSpan, label: String = "",
        secondary: [Label] = [], help: String? = nil
    ) {
        (self.severity, self.code, self.message) = (severity, code, message)
        self.primary = Label(span, label)
        (self.secondary, self.help) = (secondary, help)
    }
}

extension Diagnostic {
    /// At most 60 characters of a text that someone wrote, for messages.
    package static func shortened(_ text: String) -> String { text.count <= 60 ? text : text.prefix(59) + "…" }
}

extension Sequence<Diagnostic> {
    /// Whether what the diagnostics are about cannot be used.
    package var hasErrors: Bool { contains { $0.severity == .error } }

    /// By file, then position, then code, each finding once.
    package func sortedByPosition() -> [Diagnostic] {
        var seen: Set<Diagnostic> = []
        return filter { seen.insert($0).inserted }.sorted { left, right in
            let (a, b) = (left.primary.span, right.primary.span)
            if a.source.path != b.source.path { return a.source.path < b.source.path }
            return (a.start, a.end, left.code, left.message) < (b.start, b.end, right.code, right.message)
        }
    }
}
