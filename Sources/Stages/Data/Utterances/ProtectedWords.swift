import CanonicalJSON
import Engine

/// What a row's answer takes from its question: words that a variation must leave readable.
///
/// Nothing in them is mistyped, unless they are a value of a short list and still the nearest one. Their case may change only where
/// the answer's spelling can be told from the question all the same: in a value of a list, and in one that is all small letters.
struct ProtectedWords: Hashable {
    /// Values whose letters must stay as they are, case included.
    private(set) var exact: Set<String> = []
    /// Values whose case may change.
    private(set) var anyCase: Set<String> = []
    /// Values of lists, with the other values of theirs.
    private(set) var listed: [String: Set<String>] = [:]

    init() {}

    /// - Parameter functions: definitions by name.
    init(of row: Row, functions: [String: FunctionDefinition]) {
        for call in row.answers {
            let definition = row.definition(of: call.name, in: functions)
            for (name, value) in call.arguments { add(value, schema: definition?.schema(of: name)) }
        }
        if let reply = row.reply, let value = try? JSON(parsing: reply), value.object != nil { add(value, schema: nil) }
    }

    private mutating func add(_ value: JSON, schema: JSON?) {
        switch value {
        case .string(let text):
            let list = (schema?["enum"]?.array ?? []).compactMap(\.string)
            if list.contains(text) {
                listed[text] = Set(list).subtracting([text])
                anyCase.insert(text)
            } else if text == text.lowercased() {
                anyCase.insert(text)
            } else {
                exact.insert(text)
            }
        case .array(let elements): for element in elements { add(element, schema: schema?["items"]) }
        case .object(let object): for (name, member) in object.members { add(member, schema: schema?["properties"]?[name]) }
        default: break
        }
    }
}
