import BuildModel
import CanonicalJSON
import Engine

/// xLAM's function-calling rows: `{"id", "query", "tools", "answers"}`, the last two lists as JSON in a string.
///
/// A tool's parameters are `{name: {"type", "description", "default"?}}` with types in Python's spelling, or a JSON Schema.
enum XLAMReader: RecordReader {
    static let needed = ["query", "tools", "answers"]

    static func parts(of record: JSON) throws(RowError) -> [ReadPart] {
        let (row, functions) = try row(record)
        return [.row(row, functions)]
    }

    static func unlabelled(_ record: JSON) -> JSON {
        .object((record.object ?? [:]).merging(["answers": []]) { $1 })
    }

    static func row(_ json: JSON) throws(RowError) -> (Row, [FunctionDefinition]) {
        let id = json["id"]?.string ?? json["id"]?.integer.map { "xlam-\($0)" }
        guard let query = json["query"]?.string else { throw RowError("the row has no 'query'") }
        let functions = try list("tools", in: json).map(function)
        let answers = try list("answers", in: json).map(FunctionCall.init(json:))
        let row = Row(
            // Rows without ids are named by their content.
            id: id ?? "xlam-" + Digest(hashing: json.canonicalBytes).hex.prefix(16), query: query,
            functions: functions.map(\.name), answers: answers)
        return (row, functions)
    }

    /// A list, or the list that a string spells.
    private static func list(_ field: String, in json: JSON) throws(RowError) -> [JSON] {
        if let list = json[field]?.array { return list }
        guard let text = json[field]?.string else { throw RowError("the row has no '\(field)'") }
        do throws(JSONError) {
            if let list = try JSON(parsingAsWritten: text.utf8).array { return list }
        } catch {
            throw RowError("'\(field)' is not JSON: \(error.reason) (column \(error.column) of the string)")
        }
        throw RowError("'\(field)' is no list")
    }

    /// A tool whose parameters are a JSON Schema, or become one.
    private static func function(_ tool: JSON) throws(RowError) -> FunctionDefinition {
        guard let parameters = tool["parameters"], parameters.object != nil,
            parameters["properties"]?.object == nil || parameters["type"]?.string == nil
        else { return try FunctionDefinition(tool: tool) }
        let schema = try schema(of: parameters, function: tool["name"]?.string ?? "")
        return try FunctionDefinition(tool: tool.mapMembers { key, value in key == "parameters" ? schema : value })
    }

    private static func schema(of parameters: JSON, function: String) throws(RowError) -> JSON {
        var properties: [(String, JSON)] = []
        var required: [JSON] = []
        for (name, parameter) in parameters.writtenMembers {
            guard parameter.object != nil else {
                throw RowError("the parameter '\(name)' of '\(function)' is no object with a 'type'")
            }
            guard let type = PythonType(parameter["type"]?.string ?? "") else {
                throw RowError(
                    "the type of the parameter '\(name)' of '\(function)' nests deeper than \(PythonType.mostLevels) levels")
            }
            properties.append((name, parameter.typed(type)))
            // What has a default may be left out, whether its type says so or not.
            if !type.isOptional, parameter["default"] == nil { required.append(.string(name)) }
        }
        return .object(
            inOrder: [("type", "object"), ("properties", .object(inOrder: properties)), ("required", .array(required))])
    }
}

extension JSON {
    /// A parameter with the members that its type means, where its type stood.
    fileprivate func typed(_ type: PythonType) -> JSON {
        let meant = ["type", "items"].compactMap { key in type.schema[key].map { (key, $0) } }
        var members: [(String, JSON)] = []
        for (key, value) in writtenMembers where type.schema[key] == nil || key == "type" {
            members += key == "type" ? meant : [(key, value)]
        }
        return .object(inOrder: members)
    }
}

/// A type as Python writes it, with xLAM's word for what may be left out: `str, optional`, `List[int]`, `Optional[float]`.
struct PythonType {
    /// The members of a schema that say what the type says; empty where anything goes.
    var schema: [String: JSON]
    var isOptional: Bool

    /// Types inside one another, such as the two of `List[int]`.
    static let mostLevels = 32

    /// - Returns: `nil` where types lie deeper in one another.
    init?(_ text: String) {
        guard Self.levels(of: text) <= Self.mostLevels else { return nil }
        var parts = Self.parts(of: text[...])
        isOptional = parts.contains("optional")
        parts.removeAll { $0 == "optional" }
        guard parts.count == 1 else {
            schema = [:]
            return
        }
        let name = parts[0].prefix { $0 != "[" }
        let arguments = Self.parts(of: parts[0].dropFirst(name.count).dropFirst().dropLast())
        switch name.lowercased() {
        case "str", "string": schema = ["type": "string"]
        case "int", "integer": schema = ["type": "integer"]
        case "float", "number": schema = ["type": "number"]
        case "bool", "boolean": schema = ["type": "boolean"]
        case "dict", "object": schema = ["type": "object"]
        case "list", "array", "set", "tuple":
            let elements = arguments.compactMap { PythonType($0)?.schema }
            schema = ["type": "array"]
            // A tuple's elements may be of several types.
            if let first = elements.first, elements.allSatisfy({ $0 == first }) { schema["items"] = .object(first) }
        case "optional" where arguments.count == 1:
            schema = PythonType(arguments[0])?.schema ?? [:]
            isOptional = true
        default: schema = [:]
        }
    }

    private static func levels(of text: String) -> Int {
        var (level, deepest) = (1, 1)
        for byte in text.utf8 {
            if byte == UInt8(ascii: "[") { level += 1 }
            if byte == UInt8(ascii: "]") { level -= 1 }
            deepest = max(deepest, level)
        }
        return deepest
    }

    /// The parts between the commas that stand in no brackets.
    private static func parts(of text: Substring) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text where character != " " {
            depth += character == "[" ? 1 : character == "]" ? -1 : 0
            if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.filter { !$0.isEmpty }
    }
}
