import CanonicalJSON
import Words

/// How rows become tokens for one model: in Decant's special tokens, or by the chat template that the model brought along.
package struct PromptEncoder: Sendable {
    /// Whose words stand around a prompt's parts.
    enum Markup: Sendable {
        case decant
        case chat(ChatMarkup)
    }

    package let tokenizer: Tokenizer
    let format: PromptStyle
    let markup: Markup
    /// The tokens that end a response. Training teaches the first.
    package let endTokens: [Int32]

    /// The tokens of a row's prompt, up to where the response starts.
    ///
    /// - Parameter functions: definitions by name; those that the row lists must be there.
    package func promptTokens(of row: Row, functions: [String: FunctionDefinition]) throws(RowError) -> [Int32] {
        switch markup {
        case .decant: try format.promptTokens(of: row, functions: functions, with: tokenizer)
        case .chat(let chat):
            try chat.promptTokens(
                of: row, tools: format == .tools ? try PromptStyle.definitions(of: row, functions) : [], with: tokenizer)
        }
    }

    /// The tokens of a passage: its text alone, in no markup and without an end. What is learned is all but the first.
    package func passageTokens(of row: Row) throws(RowError) -> [Int32] {
        let tokens = tokenizer.encodePlainText(row.query).map(Int32.init)
        guard tokens.count > 1 else {
            throw RowError("the passage '\(row.id)' is shorter than two tokens, so that nothing follows the first; take it out")
        }
        return tokens
    }

    /// The tokens of a response, with the one that ends it.
    package func responseTokens(of response: String) -> [Int32] {
        tokenizer.encodePlainText(response).map(Int32.init) + endTokens.prefix(1)
    }
}
