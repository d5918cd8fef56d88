import CanonicalJSON
import Engine

/// Which functions an answer may call, and how often.
struct ToolWish: Sendable {
    enum Choice: Hashable, Sendable {
        case auto
        case none
        case required
        case function(String)
    }

    /// The request's own functions; `nil` for those of the model's domain.
    let given: [FunctionDefinition]?
    let choice: Choice
    /// Whether there may be several calls.
    let isParallel: Bool

    private static let tools = APIField<[FunctionDefinition]>(
        "tools",
        [
            "type": "array",
            "items": [
                "type": "object", "required": ["type", "function"],
                "properties": [
                    "type": ["enum": ["function"]],
                    "function": [
                        "type": "object", "required": ["name"],
                        "properties": [
                            "name": ["type": "string"], "description": ["type": ["string", "null"]],
                            "parameters": ["type": ["object", "null"]], "strict": ["type": ["boolean", "null"]],
                        ],
                    ],
                ],
            ],
        ],
        "The functions that may be called; where nothing is said, those of the model's domain."
    ) { value throws(APIError) in try ToolWish.functions(value) }

    private static let choice = APIField<Choice>(
        "tool_choice",
        [
            "anyOf": [
                ["enum": ["auto", "none", "required"]],
                [
                    "type": "object", "required": ["type", "function"],
                    "properties": [
                        "type": ["enum": ["function"]],
                        "function": ["type": "object", "required": ["name"], "properties": ["name": ["type": "string"]]],
                    ],
                ],
            ]
        ],
        "auto, as it is: the model decides; none: it calls nothing; required: it calls something; or the one function to call."
    ) { value throws(APIError) in
        switch value.string {
        case "auto": return .auto
        case "none": return .none
        case "required": return .required
        default:
            guard let name = value["function"]?["name"]?.string else {
                throw APIError.invalid(
                    "'tool_choice' must be auto, none, required, or {\"type\": \"function\", \"function\": {\"name\": …}}",
                    field: "tool_choice")
            }
            return .function(name)
        }
    }

    private static let isParallel = APIField<Bool>.flag(
        "parallel_tool_calls", "Whether an answer may have several calls; true.")

    static let declarations = [tools.declaration, choice.declaration, isParallel.declaration]

    init(_ body: JSON) throws(APIError) {
        given = try body.value(Self.tools)
        choice = try body.value(Self.choice) ?? .auto
        isParallel = try body.value(Self.isParallel) ?? true
    }

    private static func functions(_ json: JSON) throws(APIError) -> [FunctionDefinition] {
        guard let list = json.array else { throw APIError.invalid("'tools' must be a list", field: "tools") }
        var functions: [FunctionDefinition] = []
        var names: Set<String> = []
        for (number, tool) in list.enumerated() {
            try SchemaSize.check(tool, field: "tools")
            let function: FunctionDefinition
            do throws(RowError) {
                function = try FunctionDefinition(tool: tool)
            } catch {
                throw APIError.invalid("tool \(number + 1): \(error)", field: "tools")
            }
            guard names.insert(function.name).inserted else {
                throw APIError.invalid("'tools' has the function '\(function.name)' twice", field: "tools")
            }
            if tool["function"]?["strict"] == true, let word = ObjectSchema.unheldWord(in: function.parameters) {
                throw APIError.invalid(
                    "the function '\(function.name)' is strict, and says '\(word)', which no grammar holds a call to",
                    field: "tools")
            }
            functions.append(function)
        }
        return functions
    }
}

/// The functions of one question and how they may be called.
extension ToolWish {
    /// - Parameter pool: the functions of the model's domain.
    /// - Returns: the names that a prompt lists, definitions that are the request's own, and the bounds of calls.
    func apply(to row: inout Row, pool: [String: FunctionDefinition]) throws(APIError) -> CallBounds {
        let known = given?.map(\.name) ?? pool.keys.sorted()
        switch choice {
        case .none:
            (row.functions, row.definitions) = ([], [])
            return CallBounds()
        case .function(let name):
            guard known.contains(name) else {
                throw APIError.invalid(
                    "'tool_choice' names '\(name)', which is no function that may be called", field: "tool_choice")
            }
        case .required where known.isEmpty:
            throw APIError.invalid("'tool_choice' requires a call, and there are no functions", field: "tool_choice")
        case .auto, .required: break
        }
        row.functions = known
        row.definitions = given
        switch choice {
        case .function: return CallBounds(most: 1, isRequired: true)
        case .required: return CallBounds(most: isParallel ? nil : 1, isRequired: true)
        case .auto, .none: return CallBounds(most: isParallel ? nil : 1)
        }
    }
}

/// What the words of an answer are to be.
enum ResponseFormat {
    static let field = APIField<ObjectSchema?>(
        "response_format",
        [
            "type": "object", "required": ["type"],
            "properties": [
                "type": ["enum": ["text", "json_schema"]],
                "json_schema": [
                    "type": "object", "required": ["name", "schema"],
                    "properties": [
                        "name": ["type": "string"], "schema": ["type": "object"], "strict": ["type": ["boolean", "null"]],
                        "description": ["type": ["string", "null"]],
                    ],
                ],
            ],
        ],
        "A JSON Schema of the object that is the answer."
    ) { value throws(APIError) in
        switch value["type"]?.string {
        case "text": return nil
        case "json_schema":
            guard let schema = value["json_schema"]?["schema"] else {
                throw APIError.invalid("'response_format' has no 'json_schema' with a 'schema'", field: "response_format")
            }
            try SchemaSize.check(schema, field: "response_format")
            do throws(RowError) {
                return try ObjectSchema(written: schema, named: value["json_schema"]?["name"]?.string ?? "answer")
            } catch {
                throw APIError.invalid("'response_format': \(error)", field: "response_format")
            }
        case "json_object":
            throw APIError.invalid(
                "'response_format' of the type json_object is not supported: name a schema with json_schema",
                field: "response_format", code: "unsupported_parameter")
        default: throw APIError.invalid("'response_format' must be of the type text or json_schema", field: "response_format")
        }
    }
}

/// How large a schema may be: answers are held to it by a grammar with a state for each of its bytes.
private enum SchemaSize {
    private static let mostBytes = 32 << 10

    static func check(_ schema: JSON, field: String) throws(APIError) {
        guard schema.writtenBytes.count > mostBytes else { return }
        throw APIError.invalid("a schema may have \(mostBytes) bytes at most", field: field)
    }
}
