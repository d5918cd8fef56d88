import Diagnostics

extension Diagnostic {
    /// What libyaml says about malformed text, with advice for the common slips.
    init(syntax problem: YAMLEventStream.Problem) {
        let context = problem.context.map { [Label($0.span, $0.message)] } ?? []
        self.init(
            code: "yaml-syntax", "this is not valid YAML: \(problem.message)", at: problem.span,
            secondary: context.filter { $0.span != problem.span }, help: Self.advice(for: problem))
    }

    private static func advice(for problem: YAMLEventStream.Problem) -> String? {
        let source = problem.span.source
        let next = problem.span.start < source.bytes.count ? source.bytes[problem.span.start] : 0
        if next == UInt8(ascii: "\t") { return "indent with spaces, not tabs" }
        if problem.message.contains("mapping values are not allowed") {
            return "put quotes around a value that holds ': '"
        }
        if problem.message.contains("cannot start any token") {
            return "put quotes around a value that starts with a special character"
        }
        if problem.message.contains("control characters") { return "remove the control character" }
        return nil
    }
}
