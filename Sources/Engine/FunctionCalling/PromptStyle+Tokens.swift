import CanonicalJSON
import Words

/// How a row becomes tokens: what the prompt shows, and how the response is spelled.
///
/// `<|tools|>` one line a function `<|user|>` query `<|assistant|>` response `<|end|>`; the tools part only in `tools`. What a
/// row's background holds stands before the query, as plain text with headings.
extension PromptStyle {
    /// The tokens of a row's prompt, up to and with `<|assistant|>`.
    ///
    /// - Parameter functions: definitions by name; those that the row lists must be there.
    package func promptTokens(
        of row: Row, functions: [String: FunctionDefinition], with tokenizer: Tokenizer
    ) throws(RowError) -> [Int32] {
        var tokens: [Int32] = []
        if self == .tools {
            tokens.append(try Self.id(of: .tools, in: tokenizer))
            tokens += tokenizer.encodePlainText(Self.listing(of: try Self.definitions(of: row, functions))).map(Int32.init)
        }
        tokens.append(try Self.id(of: .user, in: tokenizer))
        tokens += tokenizer.encodePlainText(row.plainPrompt).map(Int32.init)
        tokens.append(try Self.id(of: .assistant, in: tokenizer))
        return tokens
    }

    /// The tokens of a response, `<|end|>` included.
    package func responseTokens(of response: String, with tokenizer: Tokenizer) throws(RowError) -> [Int32] {
        tokenizer.encodePlainText(response).map(Int32.init) + [try Self.id(of: .end, in: tokenizer)]
    }

    /// The texts of a row that a tokenizer is trained on; of a passage, itself.
    package func texts(of row: Row, functions: [String: FunctionDefinition]) throws(RowError) -> [String] {
        if row.isPassage { return [row.query] }
        let texts = [row.plainPrompt, Self.response(to: row)]
        return self == .tools ? [Self.listing(of: try Self.definitions(of: row, functions))] + texts : texts
    }

    /// The right response to a row: `[{"name":"set_light","arguments":{"room":"kitchen"}}]`, `[]` where no call is wanted.
    package static func response(to row: Row) -> String { response(of: row.answers) }

    /// Calls as a response spells them.
    package static func response(of calls: [FunctionCall]) -> String {
        let calls = calls.map { call in
            "{\"name\":\(JSON.string(call.name).canonicalText),\"arguments\":\(JSON.object(call.arguments).canonicalText)}"
        }
        return "[" + calls.joined(separator: ",") + "]"
    }

    /// One line a function: `set_light(room:string, state:string)`.
    package static func listing(of functions: [FunctionDefinition]) -> String {
        functions.map { function in
            let arguments = function.properties.map { "\($0.name):\($0.schema["type"]?.string ?? "any")" }
            return "\(function.name)(\(arguments.joined(separator: ", ")))"
        }.joined(separator: "\n")
    }

    /// The definitions of the functions that a row lists, in its order.
    package static func definitions(
        of row: Row, _ functions: [String: FunctionDefinition]
    ) throws(RowError) -> [FunctionDefinition] {
        var definitions: [FunctionDefinition] = []
        for name in row.functions {
            guard let function = row.definition(of: name, in: functions) else {
                throw RowError("the row '\(row.id)' lists the function '\(name)', which has no definition")
            }
            definitions.append(function)
        }
        return definitions
    }

    private static func id(of token: SpecialToken, in tokenizer: Tokenizer) throws(RowError) -> Int32 {
        guard let id = tokenizer.id(of: token) else {
            throw RowError("the tokenizer has no token \(token.rawValue), which prompts need")
        }
        return Int32(id)
    }
}
