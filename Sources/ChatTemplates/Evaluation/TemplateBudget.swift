/// What rendering a template may still take. Every text and list is read and made against it, so no operation goes uncounted.
///
/// One step pays for an expression, an element, 64 bytes that are copied, or 8 bytes that are looked at one by one. So the
/// limit on steps also bounds the memory of all values together.
struct TemplateBudget {
    static let maximumSteps = 2_000_000
    /// Bytes of one string, and of the prompt.
    static let maximumBytes = 1 << 24
    /// How deep expressions, statements and macros run inside one another.
    static let maximumDepth = 160
    /// How deep lists and mappings lie inside one another.
    static let maximumNesting = 300
    private static let maximumReason = 500

    private var steps = 0
    private var depth = 0
    /// The line that is rendered, for messages.
    var line = 1

    mutating func spend(_ count: Int) throws(TemplateError) {
        let (sum, overflows) = steps.addingReportingOverflow(max(0, count))
        guard !overflows, sum < Self.maximumSteps else {
            throw failure("rendering takes more than \(Self.maximumSteps) steps")
        }
        steps = sum + 1
    }

    mutating func copy(bytes: Int) throws(TemplateError) { try spend(bytes / 64) }

    mutating func scan(bytes: Int) throws(TemplateError) { try spend(bytes / 8) }

    func checkSize(_ bytes: Int) throws(TemplateError) {
        guard bytes <= Self.maximumBytes else { throw failure("a string has more than \(Self.maximumBytes) bytes") }
    }

    func checkNesting(_ levels: Int) throws(TemplateError) {
        guard levels <= Self.maximumNesting else {
            throw failure("lists and mappings lie deeper in one another than \(Self.maximumNesting) levels")
        }
    }

    mutating func descend() throws(TemplateError) {
        guard depth < Self.maximumDepth else { throw failure("rendering nests deeper than \(Self.maximumDepth) levels") }
        depth += 1
    }

    mutating func ascend() { depth -= 1 }

    /// An error at the current line; a reason that the template made up is cut.
    func failure(_ reason: String) -> TemplateError {
        let isLong = reason.utf8.count > Self.maximumReason
        return TemplateError(
            reason: isLong ? String(reason.unicodeScalars.prefix(Self.maximumReason)) + "…" : reason, line: line)
    }
}
