/// Llama 3: `{"name": "f", "parameters": {"a": 1}}`, perhaps after `<|python_tag|>`; several with semicolons between them. An
/// answer that starts otherwise calls nothing.
struct LlamaForm: CallForm {
    let name = "llama"
    let marks = ["<|python_tag|>"]

    func calls(in answer: String) throws(RowError) -> [FunctionCall] {
        var cursor = AnswerCursor(answer)
        let isMarked = cursor.takeText(through: marks[0]) != nil
        cursor.skipSpaces()
        guard isMarked || cursor.next == UInt8(ascii: "{") else { return [] }
        var calls: [FunctionCall] = []
        repeat {
            cursor.skipSpaces()
            calls.append(try FunctionCall(written: try cursor.takeJSON(), arguments: ["parameters", "arguments"]))
            cursor.skipSpaces()
        } while cursor.take(";")
        guard cursor.isAtEnd else { throw RowError("something follows the last call") }
        return calls
    }

    func pattern(of functions: [FunctionDefinition], atMost most: Int?) -> BytePattern {
        .list(of: .choice(functions.map { .writtenCall(of: $0, arguments: "parameters") }), between: "; ", atMost: most)
    }
}
