import Diagnostics

/// `endpoint`: a model behind an OpenAI-compatible server.
public struct EndpointSection: Sendable {
    public let url: Spanned<String>
    public let model: Spanned<String>
    /// Name of the environment variable that holds the key; empty where none is needed.
    public let keyVariable: Spanned<String>
    /// 0 for no limit.
    public let maxRequests: Spanned<Int>
    public let concurrency: Spanned<Int>
    /// Seconds.
    public let timeout: Spanned<Double>

    enum Definition {
        static let url = Field.text("url", required: true, "The base URL, `https://HOST/v1`.")
        static let model = Field.text("model", required: true, "The model's name there.")
        static let key = Field.text(
            "key", "The environment variable that holds the key; the key itself never stands in a recipe.")
        static let maxRequests = Field.integer("max_requests", 0, in: 0...10_000_000, "Requests at most; 0 sets no limit.")
        static let concurrency = Field.integer("concurrency", 4, in: 1...256, "Requests at once.")
        static let timeout = Field.duration("timeout", 60, in: 1...3600, "How long one request may take.")
        static let mapping = MappingDefinition(
            "endpoint", "A model behind an OpenAI-compatible server.", [url, model, key, maxRequests, concurrency, timeout])
    }

    init?(reading field: SectionField, in owner: Fields) {
        guard owner.node("endpoint") != nil else { return nil }
        let fields = owner.section(field)
        url = fields[Definition.url]
        model = fields[Definition.model]
        keyVariable = fields[Definition.key]
        maxRequests = fields[Definition.maxRequests]
        concurrency = fields[Definition.concurrency]
        timeout = fields[Definition.timeout]
        for (field, value) in [(Definition.url, url), (Definition.model, model)] where !value.isWritten {
            fields.report(.missingField(field.name, in: fields.owner, at: fields.anchor, help: "add '\(field.name): …'"))
        }
        if url.isWritten, !url.value.hasPrefix("http://"), !url.value.hasPrefix("https://") {
            fields.report(
                Diagnostic(
                    .badURL, "'\(Diagnostic.shortened(url.value))' is not the URL of a server", at: url.span,
                    help: "write https://HOST/v1"))
        }
        let isVariable = keyVariable.value.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
        if !isVariable {
            fields.report(
                Diagnostic(
                    .badName, "'key' is the name of an environment variable, not a key", at: keyVariable.span,
                    help: "put the key into a variable such as TEACHER_KEY, and write 'key: TEACHER_KEY'"))
        }
    }
}
