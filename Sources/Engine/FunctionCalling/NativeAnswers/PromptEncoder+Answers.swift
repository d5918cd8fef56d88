import Words

/// Responses as a model writes them: in Decant's form, or in one of its own.
extension PromptEncoder {
    /// The name of the model's own form of calls; `nil` where it answers in Decant's.
    package var formName: String? { form?.name }

    /// What a model said, in Decant's spelling.
    package func response(of answer: GeneratedSequence) -> ModelResponse {
        guard let form else { return ModelResponse(answer.text(with: tokenizer)) }
        let text = tokenizer.decodeWithSpecialTokens(answer.tokens.map(Int.init))
        return ModelResponse(NativeAnswer(form: form.name, text: text), in: form, reasons: reasons)
    }

    /// The tokens of a response and the end token.
    ///
    /// - Parameters:
    ///   - native: what a model said; taught as it is where the form is this model's, else the response is.
    ///   - row: as its prompt has it.
    ///   - functions: definitions by name.
    package func responseTokens(
        of response: String, _ native: NativeAnswer? = nil, to row: Row, functions: [String: FunctionDefinition]
    ) throws(RowError) -> [Int32] {
        guard let form else { return responseTokens(of: response) }
        if let native, native.form == form.name {
            let isWords = (try? form.calls(in: native.text).isEmpty) ?? false
            let ends = isWords ? wordsEnd.map { [$0] } ?? endTokens : endTokens
            return tokenizer.encodeAnswer(native.text).map(Int32.init) + ends.prefix(1)
        }
        if reasons, case .success(let parts) = ReasonedResponse.parse(response),
            case .success(let calls) = CallParser.calls(in: parts.answer)
        {
            let tokens = try responseTokens(of: calls, to: row, functions: functions, in: form)
            return try reasonedTokens(parts.reasoning, before: tokens, in: form)
        }
        // What calls nothing that could be read stays as it is: a reasoning, or an answer that was rejected.
        guard case .success(let calls) = CallParser.calls(in: response) else { return responseTokens(of: response) }
        return try responseTokens(of: calls, to: row, functions: functions, in: form)
    }

    /// The tokens that the chat template writes for calls.
    ///
    /// - Throws: where the form does not read the same calls again, so that they would be taught wrongly.
    private func responseTokens(
        of calls: [FunctionCall], to row: Row, functions: [String: FunctionDefinition], in form: any CallForm
    ) throws(RowError) -> [Int32] {
        let tools = try PromptStyle.definitions(of: row, functions)
        let message = ChatMessage(calling: calls, else: row.reply ?? "", functions: tools)
        let tokens = try nativeTokens(of: message, to: row, functions: functions)
        let text = tokenizer.decodeWithSpecialTokens(tokens.dropLast().map(Int.init))
        do throws(RowError) {
            guard try form.calls(in: text).map(\.canonical) == calls.map(\.canonical) else {
                throw RowError("'\(text)' is read as other calls")
            }
        } catch {
            throw RowError(
                "the model's own form '\(form.name)' cannot have the calls of the row '\(row.id)': \(error); write "
                    + "'answer: decant' beside the model")
        }
        return tokens
    }

    /// The tokens that the chat template writes for an assistant's message, through the first end token.
    func nativeTokens(
        of message: ChatMessage, to row: Row, functions: [String: FunctionDefinition]
    ) throws(RowError) -> [Int32] {
        guard case .chat(let chat) = markup else { throw RowError("the model has no chat template") }
        let tools = format == .tools ? try PromptStyle.definitions(of: row, functions) : []
        let tokens = try chat.answerTokens(of: message, to: row, tools: tools, with: tokenizer)
        guard let end = tokens.firstIndex(where: endTokens.contains) else { return tokens + endTokens.prefix(1) }
        return Array(tokens[...end])
    }
}
