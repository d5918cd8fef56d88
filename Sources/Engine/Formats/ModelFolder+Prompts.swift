import CanonicalJSON
import ChatTemplates
import Foundation
import Words

extension ModelFolder {
    /// What the model's prompts show, as its tokenizer's configuration says; nil for a model that Decant did not make.
    package func promptFormat() throws(ModelFileError) -> PromptStyle? {
        guard let word = try readJSON(Self.tokenizerConfiguration)["decant_prompt"]?.string else { return nil }
        guard let format = PromptStyle(rawValue: word) else {
            throw ModelFileError(
                file: Self.tokenizerConfiguration, reason: "decant_prompt is '\(word)', which is neither 'query' nor 'tools'")
        }
        return format
    }

    /// How rows become tokens for this model.
    ///
    /// Decant's special tokens are used where the tokenizer has them, and else the model's own chat template.
    package func prompts(_ format: PromptStyle) throws(ModelFileError) -> PromptEncoder {
        let tokenizer = try tokenizer()
        if SpecialToken.allCases.allSatisfy({ tokenizer.id(of: $0) != nil }), let end = tokenizer.id(of: .end) {
            return PromptEncoder(tokenizer: tokenizer, format: format, markup: .decant, endTokens: [Int32(end)])
        }
        let configuration = try readJSON(Self.tokenizerConfiguration)
        let markup = ChatMarkup(
            template: try chatTemplate(configuration, for: format), variables: Self.templateVariables(configuration))
        return PromptEncoder(
            tokenizer: tokenizer, format: format, markup: .chat(markup), endTokens: try endTokens(configuration, tokenizer))
    }

    /// How plain texts become tokens for this model; the start token is the tokenizer's `bos_token`, else its `eos_token`.
    package func plainTexts() throws(ModelFileError) -> PlainTextEncoder {
        let tokenizer = try tokenizer()
        let configuration = try readJSON(Self.tokenizerConfiguration)
        let start = ["bos_token", "eos_token"].lazy.compactMap { Self.spelling(configuration[$0]) }.first.flatMap { text in
            tokenizer.id(of: text).map { PlainTextEncoder.Token(id: $0, text: text) }
        }
        return PlainTextEncoder(tokenizer: tokenizer, start: start)
    }

    private static let tokenizerConfiguration = "tokenizer_config.json"
    private static let templateFile = "chat_template.jinja"

    private func chatTemplate(_ configuration: JSON, for format: PromptStyle) throws(ModelFileError) -> ChatTemplate {
        var file = Self.templateFile
        var source = FileManager.default.contents(atPath: url.appending(path: file).path).map {
            String(decoding: $0, as: UTF8.self)
        }
        if source == nil {
            file = Self.tokenizerConfiguration
            source = Self.templateSource(configuration["chat_template"], for: format)
        }
        guard let source else {
            throw ModelFileError(
                file: Self.tokenizerConfiguration,
                reason: "there is no chat_template and the tokenizer lacks Decant's special tokens, so no prompt can be made; "
                    + "write the model's template into \(Self.templateFile)")
        }
        do {
            return try ChatTemplate(source)
        } catch {
            throw ModelFileError(file: file, reason: error.description)
        }
    }

    /// The template itself, or of several with names the one for tools or the standard one.
    private static func templateSource(_ json: JSON?, for format: PromptStyle) -> String? {
        guard let named = json?.array else { return json?.string }
        let wanted = format == .tools ? ["tool_use", "default"] : ["default"]
        return wanted.lazy.compactMap { name in named.first { $0["name"]?.string == name }?["template"]?.string }.first
    }

    /// The special tokens' spellings under the names that templates know: `bos_token`, `eos_token`, …
    private static func templateVariables(_ configuration: JSON) -> [String: TemplateValue] {
        var variables: [String: TemplateValue] = [:]
        for name in ["bos_token", "eos_token", "pad_token", "unk_token"] {
            if let text = spelling(configuration[name]) { variables[name] = TemplateValue(text: text) }
        }
        return variables
    }

    /// A token's text, stated as a string or as the library's `AddedToken`.
    private static func spelling(_ json: JSON?) -> String? { json?.string ?? json?["content"]?.string }

    /// The tokenizer's `eos_token`, then those of `generation_config.json`, each once.
    private func endTokens(_ configuration: JSON, _ tokenizer: Tokenizer) throws(ModelFileError) -> [Int32] {
        var tokens: [Int] = []
        if let text = Self.spelling(configuration["eos_token"]), let id = tokenizer.id(of: text) { tokens.append(id) }
        let file = "generation_config.json"
        if FileManager.default.fileExists(atPath: url.appending(path: file).path) {
            let stated = try readJSON(file)["eos_token_id"] ?? .null
            for value in stated.array ?? (stated == .null ? [] : [stated]) {
                guard let id = value.integer, let token = Int32(exactly: id), token >= 0 else {
                    throw ModelFileError(file: file, reason: "eos_token_id holds \(value.canonicalText), which is no token")
                }
                if !tokens.contains(id) { tokens.append(id) }
            }
        }
        guard !tokens.isEmpty else {
            throw ModelFileError(
                file: file, reason: "neither its eos_token_id nor the tokenizer's eos_token says where an answer ends")
        }
        return tokens.map { Int32(truncatingIfNeeded: $0) }
    }
}
