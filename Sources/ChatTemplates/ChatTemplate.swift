/// A chat template of a model, in the part of the Jinja language that published models use.
///
/// It renders as the `transformers` library does. `strftime_now` gives a day that is stated; without one it is not defined, so
/// that a template uses its default date and the same conversation always gives the same prompt. Limits on size, depth, steps
/// and output refuse hostile templates.
package struct ChatTemplate: Sendable {
    private let statements: [LocatedStatement]
    /// Whether the template reads `tools`; otherwise a message must describe the functions.
    package let readsTools: Bool
    /// Whether the template reads `tool_calls`; otherwise a message's words must tell of its calls.
    package let readsCalls: Bool
    /// Whether the template asks for the day.
    package let readsDay: Bool

    private static let maximumBytes = 1 << 18

    /// Reads a template.
    /// - Throws: an error with the line of what is wrong or not supported.
    package init(_ source: String) throws(TemplateError) {
        guard source.utf8.count <= Self.maximumBytes else {
            throw TemplateError(reason: "the template has more than \(Self.maximumBytes) bytes", line: 1)
        }
        statements = try TemplateParser.parse(source)
        let tokens = try TemplateLexer.tokens(of: source)
        readsTools = tokens.contains { $0.kind == .name("tools") }
        readsDay = tokens.contains { $0.kind == .name("strftime_now") }
        readsCalls = tokens.contains { $0.kind == .name("tool_calls") || $0.kind == .string("tool_calls") }
    }

    /// The prompt for the template's variables: `messages`, `tools`, `add_generation_prompt`, `bos_token`, …
    ///
    /// - Parameter day: what `strftime_now` gives.
    /// - Throws: an error of the template or a limit that it exceeds, with the line.
    package func render(
        _ variables: [String: TemplateValue], day: TemplateDay? = nil
    ) throws(TemplateError) -> String {
        var evaluator = TemplateEvaluator(variables, day: day)
        return try evaluator.render(statements)
    }

    /// Renders a conversation without a day.
    /// - Throws: only where the template asks for one.
    package func checkDay(
        _ conversation: [String: TemplateValue], _ variables: [String: TemplateValue]
    ) throws(TemplateError) {
        do {
            _ = try render(variables.merging(conversation) { _, given in given })
        } catch  where error.reason == TemplateEvaluator.needsDay {
            throw error
        } catch {}
    }
}

/// The reason why a chat template cannot be read or rendered, and its line.
package struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    package var reason: String
    /// The line, from 1.
    package var line: Int

    package var description: String { "chat template, line \(line): \(reason)" }
}
