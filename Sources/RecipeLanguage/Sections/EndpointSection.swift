import Declarations
import Diagnostics
import Kinds

/// `endpoint`: a model behind an OpenAI-compatible server.
package struct EndpointSection: Sendable {
    package let url: Spanned<String>
    package let parameters: EndpointParameters
    /// Name of the environment variable that holds the key; written and empty where none is to be sent.
    package let keyVariable: Spanned<String>
    /// 0 for no limit.
    package let maxRequests: Spanned<Int>
    /// In the currency of the prices; 0 for no limit.
    package let maxCost: Spanned<Double>
    /// Of a million tokens.
    package let promptPrice: Spanned<Double>
    package let answerPrice: Spanned<Double>
    package let concurrency: Spanned<Int>
    /// Seconds.
    package let timeout: Spanned<Double>
    package let retries: Spanned<Int>

    enum Definition {
        static let url = Field.text("url", required: true, "The base URL, `https://HOST/v1`.")
        static let key = Field.text(
            "api_key_env", default: "OPENAI_API_KEY",
            "The environment variable that holds the key, which never stands in a recipe; an empty text sends none.")
        static let maxRequests = Field.integer(
            "max_requests", 0, in: 0...10_000_000, "Questions that one build asks at most; 0 sets no limit.")
        static let maxCost = Field.number(
            "max_cost", 0, in: 0...1e9, "What one build spends at most, by `price`; 0 sets no limit.")
        static let promptPrice = Field.number("prompt", 0, in: 0...1e6, "A million tokens of prompts.")
        static let answerPrice = Field.number("answer", 0, in: 0...1e6, "A million tokens of answers.")
        static let price = SectionField(
            "price",
            MappingDefinition("endpoint.price", "What tokens cost, in the currency of `max_cost`.", [promptPrice, answerPrice]))
        static let concurrency = Field.integer("concurrency", 4, in: 1...256, "Requests at once.")
        static let timeout = Field.duration("timeout", 60, in: 1...3600, "How long one request may take.")
        static let retries = Field.integer("retries", 8, in: 0...100, "Further attempts where no answer comes.")
        static let mapping = MappingDefinition(
            "endpoint", "A model behind an OpenAI-compatible server. Only `model` decides what is built.",
            [url] + EndpointParameters.fields() + [key, maxRequests, maxCost, price, concurrency, timeout, retries])
    }

    package var model: Spanned<String> { parameters.$model }

    init?(reading field: SectionField, in owner: Fields) {
        guard owner.node("endpoint") != nil else { return nil }
        let fields = owner.section(field)
        let price = fields.section(Definition.price)
        url = fields[Definition.url]
        var parameters = EndpointParameters.standard
        parameters.read(fields)
        self.parameters = parameters
        keyVariable = fields[Definition.key]
        maxRequests = fields[Definition.maxRequests]
        maxCost = fields[Definition.maxCost]
        promptPrice = price[Definition.promptPrice]
        answerPrice = price[Definition.answerPrice]
        concurrency = fields[Definition.concurrency]
        timeout = fields[Definition.timeout]
        retries = fields[Definition.retries]
        for (name, value) in [("url", url), ("model", parameters.$model)] where !value.isWritten {
            fields.report(.missingField(name, in: fields.owner, at: fields.anchor, help: "add '\(name): …'"))
        }
        if maxCost.value > 0, promptPrice.value == 0, answerPrice.value == 0 {
            fields.report(
                .missingField("price", in: fields.owner, at: maxCost.span, help: "add 'price: {prompt: …, answer: …}'"))
        }
        if url.isWritten, !url.value.hasPrefix("http://"), !url.value.hasPrefix("https://") {
            fields.report(
                .badURL, "'\(Diagnostic.shortened(url.value))' is not the URL of a server", at: url.span,
                help: "write https://HOST/v1")
        }
        let isVariable = keyVariable.value.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
        if !isVariable {
            fields.report(
                .badName, "'api_key_env' is the name of an environment variable, not a key", at: keyVariable.span,
                help: "put the key into a variable such as TEACHER_KEY, and write 'api_key_env: TEACHER_KEY'")
        }
    }
}
