import CanonicalJSON

/// A function that a model may call: its name, its description and a JSON Schema of its arguments.
package struct FunctionDefinition: Hashable, Sendable {
    package var name: String
    package var summary: String
    /// A schema of type `object` with `properties` and `required`, without references to others.
    package var parameters: JSON
    /// The tool as its authors wrote it, where a prompt would not show it so otherwise: that is what models are then shown.
    package var written: WrittenTool?

    package init(name: String, summary: String, parameters: JSON) {
        (self.name, self.summary, self.parameters) = (name, summary, parameters)
    }

    /// Reads `{"name", "description", "parameters"}` and perhaps `written`, as a data artifact has it.
    package init(json: JSON) throws(RowError) {
        guard let name = json["name"]?.string, !name.isEmpty else { throw RowError("a function has no 'name'") }
        guard let parameters = json["parameters"], parameters.object != nil else {
            throw RowError("the function '\(name)' has no 'parameters' object")
        }
        self.init(name: name, summary: json["description"]?.string ?? "", parameters: parameters)
        guard let text = json["written"]?.string else { return }
        guard let tool = try? JSON(parsingAsWritten: text.utf8), tool.object != nil else {
            throw RowError("the member 'written' of the function '\(name)' is no tool as JSON")
        }
        written = WrittenTool(tool)
    }

    package var json: JSON {
        var members: [String: JSON] = ["name": .string(name), "description": .string(summary), "parameters": parameters]
        if let written { members["written"] = .string(written.text) }
        return .object(members)
    }

    /// The schema of each argument, sorted by name.
    package var properties: [(name: String, schema: JSON)] {
        (parameters["properties"] ?? [:]).sortedMembers.map { ($0.key, $0.value) }
    }

    package func schema(of argument: String) -> JSON? { parameters["properties"]?[argument] }

    package var required: [String] { (parameters["required"]?.array ?? []).compactMap(\.string) }
}

/// A call of a function with its arguments.
package struct FunctionCall: Hashable, Sendable {
    package var name: String
    package var arguments: [String: JSON]

    package init(name: String, arguments: [String: JSON]) { (self.name, self.arguments) = (name, arguments) }

    /// Reads `{"name", "arguments"}`.
    package init(json: JSON) throws(RowError) { (name, arguments) = try Self.members(of: json, "call") }

    /// Reads the members of `{"name", "arguments"}`; errors call the object `word`.
    static func members(
        of json: JSON, _ word: String
    ) throws(RowError) -> (name: String, arguments: [String: JSON]) {
        guard let name = json["name"]?.string, !name.isEmpty else { throw RowError("a \(word) has no 'name'") }
        guard let arguments = json["arguments"]?.object else {
            throw RowError("the \(word) of '\(name)' has no 'arguments' object")
        }
        return (name, arguments)
    }

    package var json: JSON { ["name": .string(name), "arguments": .object(arguments)] }

    /// The call with numbers in canonical form: `5.0` becomes `5`.
    package var canonical: FunctionCall { FunctionCall(name: name, arguments: arguments.mapValues(\.canonical)) }

    /// The call with integers as reals where the function's schemas require numbers.
    func widened(to function: FunctionDefinition?) -> FunctionCall {
        guard let function else { return self }
        return FunctionCall(
            name: name,
            arguments: arguments.reduce(into: [:]) { $0[$1.key] = $1.value.widened(to: function.schema(of: $1.key)) })
    }
}

/// What is wrong with a row of data: a sentence without the row's place, which the reader of the file adds.
package struct RowError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

extension FunctionDefinition {
    /// Whether the function has all these arguments and each value has its schema's type.
    func takes(_ arguments: [String: JSON]) -> Bool {
        arguments.allSatisfy { name, value in schema(of: name).map { Self.isOfType(value, $0) } ?? false }
    }

    /// Whether a value has its schema's type, elements and members too. A schema without a type takes any value; an integer is
    /// also a number.
    private static func isOfType(_ value: JSON, _ schema: JSON) -> Bool {
        switch schema["type"]?.string {
        case "string": value.string != nil
        case "integer": value.isInteger
        case "number", "float": value.isNumber
        case "boolean": value.bool != nil
        case "array":
            value.array?.allSatisfy { element in schema["items"].map { isOfType(element, $0) } ?? true } ?? false
        case "object", "dict":
            value.object?.allSatisfy { key, value in schema["properties"]?[key].map { isOfType(value, $0) } ?? true } ?? false
        case "null": value == .null
        default: true
        }
    }
}
