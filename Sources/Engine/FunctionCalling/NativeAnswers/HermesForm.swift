/// Qwen, Hermes and many others: `<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>`, once for each call. Other words
/// may stand around calls; the last mark may be missing where the answer ends with its call.
struct HermesForm: CallForm {
    let name = "hermes"
    let marks = ["<tool_call>", "</tool_call>"]

    func calls(in answer: String) throws(RowError) -> [FunctionCall] {
        var cursor = AnswerCursor(answer.withoutReasoning(before: marks[0]))
        var calls: [FunctionCall] = []
        while cursor.takeText(through: marks[0]) != nil {
            cursor.skipSpaces()
            calls.append(try FunctionCall(written: try cursor.takeJSON(), arguments: ["arguments"]))
            cursor.skipSpaces()
            guard cursor.take(marks[1]) || cursor.isAtEnd else {
                throw RowError("something follows a call before \(marks[1])")
            }
        }
        return calls
    }

    func pattern(of functions: [FunctionDefinition], atMost most: Int?) -> BytePattern {
        let call: BytePattern = .sequence([
            .text(marks[0]), .optional(.text("\n")), .choice(functions.map { .writtenCall(of: $0, arguments: "arguments") }),
            .optional(.text("\n")), .text(marks[1]),
        ])
        return .list(of: call, between: "\n", atMost: most)
    }
}
