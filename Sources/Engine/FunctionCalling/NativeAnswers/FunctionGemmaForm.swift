import CanonicalJSON

/// FunctionGemma: `<start_function_call>call:f{a:1,b:<escape>text<escape>}<end_function_call>`, once for each call.
struct FunctionGemmaForm: CallForm {
    let name = "functiongemma"
    let marks = ["<start_function_call>", "<end_function_call>", "<escape>"]

    func calls(in answer: String) throws(RowError) -> [FunctionCall] {
        var cursor = AnswerCursor(answer)
        var calls: [FunctionCall] = []
        while cursor.takeText(through: marks[0]) != nil {
            guard cursor.take("call:") else { throw RowError("\(marks[0]) is not followed by 'call:'") }
            let name = cursor.takeWord { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "<") }.trimmed
            guard !name.isEmpty else { throw RowError("a call has no name") }
            guard cursor.next == UInt8(ascii: "{"), let arguments = try value(&cursor, depth: 0).object else {
                throw RowError("the call of '\(name)' has no arguments")
            }
            guard cursor.take(marks[1]) || cursor.isAtEnd else {
                throw RowError("something follows the arguments of '\(name)'")
            }
            calls.append(FunctionCall(name: name, arguments: arguments))
        }
        return calls
    }

    private func value(_ cursor: inout AnswerCursor, depth: Int) throws(RowError) -> JSON {
        guard depth < AnswerCursor.deepest else { throw RowError("an argument is nested too deeply") }
        if cursor.take(marks[2]) { return .string(try text(&cursor)) }
        if cursor.take("[") {
            var elements: [JSON] = []
            while !cursor.take("]") {
                elements.append(try value(&cursor, depth: depth + 1))
                try separate(&cursor, until: "]")
            }
            return .array(elements)
        }
        if cursor.take("{") {
            var members: [String: JSON] = [:]
            while !cursor.take("}") {
                let key = cursor.take(marks[2]) ? try text(&cursor) : cursor.takeWord { !":,{}[]<".utf8.contains($0) }
                guard !key.isEmpty, cursor.take(":") else { throw RowError("an argument has no name") }
                guard members.updateValue(try value(&cursor, depth: depth + 1), forKey: key) == nil else {
                    throw RowError("the argument '\(key)' is there twice")
                }
                try separate(&cursor, until: "}")
            }
            return .object(members)
        }
        return try word(&cursor)
    }

    private func word(_ cursor: inout AnswerCursor) throws(RowError) -> JSON {
        let word = cursor.takeWord { !",{}[]<".utf8.contains($0) }.trimmed
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null", "None": return .null
        default:
            guard let number = try? JSON(parsingAsWritten: word.utf8), number.isNumber else {
                throw RowError("'\(word)' is no value; texts stand between \(marks[2]) and \(marks[2])")
            }
            return number
        }
    }

    private func text(_ cursor: inout AnswerCursor) throws(RowError) -> String {
        guard let text = cursor.takeText(through: marks[2]) else { throw RowError("a text is not closed by \(marks[2])") }
        return text
    }

    /// Passes a comma, unless the end comes.
    private func separate(_ cursor: inout AnswerCursor, until end: String) throws(RowError) {
        cursor.skipSpaces()
        var ahead = cursor
        if ahead.take(end) { return }
        guard cursor.take(",") else { throw RowError("'\(end)' is missing after an argument") }
        cursor.skipSpaces()
    }

    func pattern(of functions: [FunctionDefinition], atMost most: Int?) -> BytePattern {
        let calls = functions.map { function -> BytePattern in
            let arguments = ValueSpelling.functionGemma.arguments(of: function)
            return .sequence([.text(marks[0] + "call:" + function.name), arguments, .text(marks[1])])
        }
        return .list(of: .choice(calls), between: "", atMost: most)
    }
}

extension ValueSpelling {
    /// Texts between marks, which are any but for `<`; keys without quotes.
    fileprivate static let functionGemma = ValueSpelling(
        comma: ",", colon: ":",
        string: .sequence([
            .text("<escape>"), .repeated(.choice([.character(except: "<"), .text("\n"), .text("\t")])), .text("<escape>"),
        ]), quoted: { "<escape>" + $0 + "<escape>" },
        anyKey: .repeated(.choice([.byte(UInt8(ascii: "a")...UInt8(ascii: "z")), .text("_")]), 1...32), key: { $0 },
        sortsKeys: true)
}
