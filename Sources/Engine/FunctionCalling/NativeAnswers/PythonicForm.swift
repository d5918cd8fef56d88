/// Llama 3.2 and others: a Python list of calls, `[f(a=1), g(b='x')]`, in some models between marks. An answer that starts
/// otherwise calls nothing.
struct PythonicForm: CallForm {
    let name = "pythonic"
    let marks = ["<|python_tag|>", "<|python_start|>", "<|python_end|>", "<|tool_call_start|>", "<|tool_call_end|>"]

    func calls(in answer: String) throws(RowError) -> [FunctionCall] {
        var reader = PythonReader(cursor: AnswerCursor(answer))
        return try reader.answer(marks)
    }

    func pattern(of functions: [FunctionDefinition], atMost most: Int?) -> BytePattern {
        let calls = functions.map { function -> BytePattern in
            let arguments = ValueSpelling.python.arguments(of: function) { $0 + "=" }
            return .sequence([.text(function.name + "("), arguments, .text(")")])
        }
        return .optional(
            .sequence([.text("["), .some(of: .choice(calls), between: ", ", atMost: most), .text("]")]))
    }
}

extension ValueSpelling {
    /// Python's literals, as `repr` writes them.
    fileprivate static let python = ValueSpelling(
        comma: ", ", colon: ": ", string: .choice([text(in: "'"), text(in: "\"")]), quoted: quoted,
        anyKey: .choice([text(in: "'"), text(in: "\"")]), key: quoted, words: ("False", "True", "None"))

    private static func text(in quote: String) -> BytePattern {
        let escape: BytePattern = .sequence([.text("\\"), .choice(["\\", quote, "n", "r", "t"].map(BytePattern.text))])
        return .sequence([.text(quote), .repeated(.choice([.character(except: "\\" + quote), escape])), .text(quote)])
    }

    /// A text between double quotes where it has single ones alone.
    @Sendable private static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        let escapes = [("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), (quote, "\\" + quote)]
        return quote + escapes.reduce(text) { $0.replacing($1.0, with: $1.1) } + quote
    }
}
