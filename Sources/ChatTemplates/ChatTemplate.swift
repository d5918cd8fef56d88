/// A model's chat template: the part of the Jinja language that the templates of published models are written in.
///
/// It renders as the `transformers` library does. There is no clock: `strftime_now` is not defined, so that a template falls
/// back on the date that it was written with and the same conversation always gives the same prompt. A hostile template is
/// refused by its size, its depth, its steps or its output.
package struct ChatTemplate: Sendable {
    private let statements: [LocatedStatement]
    /// Whether the template looks at `tools`; where it does not, functions have to be told in a message.
    package let readsTools: Bool

    private static let maximumBytes = 1 << 18

    /// Reads a template. What it needs and this language lacks is an error with the line.
    package init(_ source: String) throws(TemplateError) {
        guard source.utf8.count <= Self.maximumBytes else {
            throw TemplateError(reason: "the template has more than \(Self.maximumBytes) bytes", line: 1)
        }
        statements = try TemplateParser.parse(source)
        readsTools = try TemplateLexer.tokens(of: source).contains { $0.kind == .name("tools") }
    }

    /// The prompt that the template makes of its variables: `messages`, `tools`, `add_generation_prompt`, `bos_token`, …
    package func render(_ variables: [String: TemplateValue]) throws(TemplateError) -> String {
        var evaluator = TemplateEvaluator(variables)
        return try evaluator.render(statements)
    }
}

/// Why a chat template cannot be read or rendered, and where.
package struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    package var reason: String
    /// From 1.
    package var line: Int

    package var description: String { "chat template, line \(line): \(reason)" }
}
