/// Mistral: `[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}, "id": "123456789"}]`, and since 2025
/// `[TOOL_CALLS]f[ARGS]{"a": 1}` for each call, with `[CALL_ID]123456789` between the two parts in some models.
struct MistralForm: CallForm {
    /// Whether all calls are one list.
    let isList: Bool

    var name: String { isList ? "mistral" : "mistral-args" }
    var marks: [String] { ["[TOOL_CALLS]"] + (isList ? [] : ["[CALL_ID]", "[ARGS]"]) }

    func calls(in answer: String) throws(RowError) -> [FunctionCall] {
        var cursor = AnswerCursor(answer)
        guard cursor.takeText(through: marks[0]) != nil else { return [] }
        let calls = isList ? try Self.list(&cursor) : try Self.calls(&cursor)
        cursor.skipSpaces()
        guard cursor.isAtEnd else { throw RowError("something follows the last call") }
        return calls
    }

    private static func list(_ cursor: inout AnswerCursor) throws(RowError) -> [FunctionCall] {
        cursor.skipSpaces()
        guard let entries = try cursor.takeJSON().array else { throw RowError("[TOOL_CALLS] is followed by no list of calls") }
        var calls: [FunctionCall] = []
        for entry in entries { calls.append(try FunctionCall(written: entry, arguments: ["arguments"])) }
        return calls
    }

    private static func calls(_ cursor: inout AnswerCursor) throws(RowError) -> [FunctionCall] {
        var calls: [FunctionCall] = []
        repeat {
            guard let head = cursor.takeText(through: "[ARGS]") else { throw RowError("[TOOL_CALLS] has no [ARGS]") }
            let name = head.firstRange(of: "[CALL_ID]").map { String(head[..<$0.lowerBound]) } ?? head
            guard !name.trimmed.isEmpty else { throw RowError("[TOOL_CALLS] has no name before [ARGS]") }
            cursor.skipSpaces()
            guard let arguments = try cursor.takeJSON().object else {
                throw RowError("the call of '\(name.trimmed)' has no object after [ARGS]")
            }
            calls.append(FunctionCall(name: name.trimmed, arguments: arguments))
            cursor.skipSpaces()
        } while cursor.take("[TOOL_CALLS]")
        return calls
    }

    func pattern(of functions: [FunctionDefinition], atMost most: Int?) -> BytePattern {
        let start = BytePattern.text(marks[0])
        if isList {
            let call: BytePattern = .choice(functions.map { .writtenCall(of: $0, arguments: "arguments", takesID: true) })
            let calls: BytePattern = .some(of: call, between: ", ", atMost: most)
            return .optional(.sequence([start, .optional(.text(" ")), .text("["), calls, .text("]")]))
        }
        let call: BytePattern = .choice(
            functions.map { .sequence([start, .text($0.name + "[ARGS]"), ValueSpelling.spacedJSON.arguments(of: $0)]) })
        return .list(of: call, between: "", atMost: most)
    }
}
