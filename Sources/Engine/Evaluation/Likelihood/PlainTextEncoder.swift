import CanonicalJSON

/// Turns a text and its continuation into tokens as lm-evaluation-harness does for causal models.
package struct PlainTextEncoder: Sendable {
    package let tokenizer: Tokenizer
    /// Stands before a continuation of nothing, and before every text that begins with its spelling no second time.
    let start: Token?

    /// A special token with its spelling.
    struct Token: Sendable {
        let id: Int
        let text: String
    }

    /// White space at the end of the context belongs to the continuation. The tokens of the continuation are those of both
    /// texts together without as many as the context alone has.
    ///
    /// - Throws: where no token is left for the continuation, or nothing can stand before it.
    package func question(_ context: String, _ continuation: String) throws(RowError) -> LikelihoodQuestion {
        guard !context.isEmpty else { return try question(continuing: continuation) }
        let scalars = context.unicodeScalars
        let end = scalars.lastIndex { !PythonText.isSpace($0) }.map { scalars.index(after: $0) } ?? scalars.startIndex
        let before = tokens(of: String(scalars[..<end]))
        let all = tokens(of: context + continuation)
        guard !before.isEmpty else { return try question(continuing: context + continuation) }
        guard all.count > before.count else {
            throw RowError("the tokens of the option '\(continuation)' cannot be told from those of the prompt before it")
        }
        return LikelihoodQuestion(context: before, continuation: Array(all[before.count...]))
    }

    /// A continuation of nothing but the start token.
    private func question(continuing continuation: String) throws(RowError) -> LikelihoodQuestion {
        guard let start else {
            throw RowError("the prompt is empty, and the tokenizer has no token that could stand before the option")
        }
        var tokens = tokenizer.encode(continuation).map(Int32.init)
        if tokens.first == Int32(start.id) { tokens.removeFirst() }
        guard !tokens.isEmpty else { throw RowError("the option '\(continuation)' has no tokens") }
        return LikelihoodQuestion(context: [Int32(start.id)], continuation: tokens)
    }

    /// Text that begins with the start token gets none of the tokenizer's own.
    private func tokens(of text: String) -> [Int32] {
        let isFramed = start.map { text.hasPrefix($0.text) } ?? false
        return (isFramed ? tokenizer.encode(text) : tokenizer.encodeWithFrame(text)).map(Int32.init)
    }
}
