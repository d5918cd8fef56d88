import CanonicalJSON
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
    /// Decant's special tokens are used where the tokenizer has them, and else the model's own chat template. A model that calls
    /// in a form of its own is asked without a reasoning, where its template knows one.
    ///
    /// - Parameters:
    ///   - callsNatively: whether responses are calls in the model's own form, where the folder says that it has one.
    ///   - reasons: whether a reasoning stands before calls; in the model's own form only where the folder says so.
    package func prompts(
        _ format: PromptStyle, callsNatively: Bool = false, reasons: Bool = false
    ) throws(ModelFileError) -> PromptEncoder {
        let tokenizer = try tokenizer()
        let settings = try TokenizerSettings(readingFolder: self)
        if SpecialToken.allCases.allSatisfy({ tokenizer.id(of: $0) != nil }), let end = tokenizer.id(of: .end) {
            return PromptEncoder(
                tokenizer: tokenizer, format: format, markup: .decant, signature: try settings.signature() ?? .types,
                endTokens: [Int32(end)])
        }
        let form = try settings.callForm()
        let isNative = callsNatively && form != nil && (!reasons || settings.thinksNatively)
        let encoder = try prompts(
            format, settings, tokenizer, thinks: form == nil || isNative && reasons, calls: isNative)
        guard isNative, let form else { return encoder }
        var answering = encoder.answering(in: form)
        answering.reasons = reasons
        return answering
    }

    /// How rows become tokens by the chat template.
    ///
    /// - Parameters:
    ///   - thinks: whether a template that can leave a reasoning out is left to decide.
    ///   - calls: whether calls are the template's.
    func prompts(
        _ format: PromptStyle, _ settings: TokenizerSettings, _ tokenizer: Tokenizer, thinks: Bool, calls: Bool
    ) throws(ModelFileError) -> PromptEncoder {
        var markup = ChatMarkup(
            template: try settings.template(named: format == .tools || calls ? ["tool_use", "default"] : ["default"]),
            variables: settings.templateVariables, day: try settings.templateDay(), callsAreMessages: calls,
            signature: try settings.signature() ?? .types)
        if !thinks { markup.variables["enable_thinking"] = .bool(false) }
        return PromptEncoder(
            tokenizer: tokenizer, format: format, markup: .chat(markup), signature: markup.signature,
            endTokens: try endTokens(settings, tokenizer))
    }

    /// How plain texts become tokens for this model; the start token is the tokenizer's `bos_token`, else its `eos_token`.
    package func plainTexts() throws(ModelFileError) -> PlainTextEncoder {
        let tokenizer = try tokenizer()
        let settings = try TokenizerSettings(readingFolder: self)
        let start = ["bos_token", "eos_token"].lazy.compactMap { settings.token($0) }.first.flatMap { text in
            tokenizer.id(of: text).map { PlainTextEncoder.Token(id: $0, text: text) }
        }
        return PlainTextEncoder(tokenizer: tokenizer, start: start)
    }

    private static let tokenizerConfiguration = "tokenizer_config.json"

    /// The tokenizer's `eos_token`, then those of `generation_config.json`, each once.
    private func endTokens(_ settings: TokenizerSettings, _ tokenizer: Tokenizer) throws(ModelFileError) -> [Int32] {
        var tokens: [Int] = []
        if let text = settings.token("eos_token"), let id = tokenizer.id(of: text) { tokens.append(id) }
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
