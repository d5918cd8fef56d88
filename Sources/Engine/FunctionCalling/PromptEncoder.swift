import Words

/// How rows become tokens for one model: with Decant's special tokens, or by the model's own chat template.
package struct PromptEncoder: Sendable {
    /// The markup around a prompt's parts.
    enum Markup: Sendable {
        case decant
        case chat(ChatMarkup)
    }

    package let tokenizer: Tokenizer
    let format: PromptStyle
    let markup: Markup
    /// What a prompt says of a function, where no chat template shows functions.
    var signature = SignatureForm.types
    /// The tokens that end a response. Training teaches the first of them.
    package var endTokens: [Int32]
    /// The model's own form of calls; `nil` where it answers in Decant's.
    var form: (any CallForm)?
    /// The token that ends words in the model's own form, where another one ends calls.
    var wordsEnd: Int32?
    /// Whether a reasoning stands before the calls in the model's own form.
    var reasons = false

    /// The tokens of a row's prompt, up to the start of the response.
    ///
    /// - Parameter functions: definitions by name; it must have those that the row lists.
    package func promptTokens(of row: Row, functions: [String: FunctionDefinition]) throws(RowError) -> [Int32] {
        switch markup {
        case .decant: try format.promptTokens(of: row, functions: functions, as: signature, with: tokenizer)
        case .chat(let chat):
            try chat.promptTokens(
                of: row, tools: format == .tools ? try PromptStyle.definitions(of: row, functions) : [], with: tokenizer)
        }
    }

    /// The mean number of tokens that a prompt spends on one of these functions; `nil` where it lists none of them.
    package func tokensPerFunction(_ functions: some Collection<FunctionDefinition>) -> Double? {
        guard format == .tools, !functions.isEmpty else { return nil }
        var showsTools = false
        if case .chat(let chat) = markup { showsTools = chat.template.readsTools }
        let lengths = functions.map { function in
            let text = showsTools ? function.tool.writtenText : FunctionSignature(function, as: signature).text
            return tokenizer.encodePlainText(text).count
        }
        return Double(lengths.reduce(0, +)) / Double(lengths.count)
    }

    /// The tokens of a passage: its text without markup and without an end token. Training learns all tokens but the first.
    package func passageTokens(of row: Row) throws(RowError) -> [Int32] {
        let tokens = tokenizer.encodePlainText(row.query).map(Int32.init)
        guard tokens.count > 1 else {
            throw RowError("the passage '\(row.id)' is shorter than two tokens, so that nothing follows the first; take it out")
        }
        return tokens
    }

    /// The tokens of a response and the end token.
    package func responseTokens(of response: String) -> [Int32] {
        tokenizer.encodePlainText(response, continues: true).map(Int32.init) + endTokens.prefix(1)
    }
}
