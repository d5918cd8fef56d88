import CanonicalJSON
import Synchronization

/// A function as its authors wrote it for a model: `{"type": "function", "function": {"name", "description", "parameters"}}` with
/// whatever else they said, in their order and with their spelling of numbers.
package struct WrittenTool: Hashable, Sendable {
    package let text: String
    package let json: JSON

    package init(_ json: JSON) { (text, self.json) = (json.writtenText, json) }

    package static func == (left: WrittenTool, right: WrittenTool) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension FunctionDefinition {
    /// Reads a tool as its authors wrote it: the object of the chat completions interface, or the function alone, which is then
    /// put into one. Its parameters may be missing, may be a JSON text, and stand under `input_schema` or `inputSchema` too.
    package init(tool: JSON) throws(RowError) {
        // Bytes, because equal strings may be written otherwise.
        let text = tool.writtenBytes
        if let known = Self.known.withLock({ $0[text] }) {
            self = known
            return
        }
        try self.init(reading: tool)
        Self.known.withLock { known in
            if known.count == Self.mostKnown { known = [:] }
            known[text] = self
        }
    }

    /// The tools read last, by their texts: the rows of a file repeat them.
    private static let known = Mutex<[[UInt8]: FunctionDefinition]>([:])
    private static let mostKnown = 1000

    private init(reading tool: JSON) throws(RowError) {
        let isWrapped = tool["function"]?.object != nil
        let function = if isWrapped, let inner = tool["function"] { inner } else { tool }
        guard let name = function["name"]?.string, !name.isEmpty else {
            if let type = tool["type"]?.string, type != "function" {
                throw RowError("a tool has the type '\(type)'; only functions can be called")
            }
            throw RowError("a function has no 'name'")
        }
        let parameters = try Self.parameters(of: function, name: name)
        self.init(
            name: name, summary: function["description"]?.string ?? "",
            parameters: try SchemaUnfolding.unfolded(parameters, function: name))
        let shown = isWrapped ? tool : Self.wrapped(function)
        if shown.writtenText != usualTool.writtenText { written = WrittenTool(shown) }
    }

    private static let noParameters: JSON = ["type": "object", "properties": [:]]

    private static func parameters(of function: JSON, name: String) throws(RowError) -> JSON {
        let stated = ["parameters", "input_schema", "inputSchema"].lazy.compactMap { function[$0] }.first
        switch stated {
        case nil, .null, .string(""): return noParameters
        case .object(let object): return object.members.isEmpty ? noParameters : .object(object)
        case .string(let text):
            if let schema = try? JSON(parsingAsWritten: text.utf8), schema.object != nil { return schema }
        default: break
        }
        throw RowError("the 'parameters' of the function '\(name)' are no JSON Schema, which is an object")
    }

    /// A function without its wrapper. OpenAI's newer interface states the type beside the name.
    private static func wrapped(_ function: JSON) -> JSON {
        let bare = function.filterMembers { key, value in key != "type" || value != "function" }
        return .object(inOrder: [("type", "function"), ("function", bare)])
    }

    /// The tool that a prompt shows.
    package var tool: JSON { written?.json ?? usualTool }

    /// The arguments in the order that a prompt shows them in.
    var shownArguments: [String] {
        let shown = (tool["function"]?["parameters"]?["properties"] ?? .null).writtenMembers.map(\.key)
        return shown + properties.map(\.name).filter { !shown.contains($0) }
    }

    /// The tool as the chat completions interface is given it.
    package var chatTool: JSON { written?.json ?? ["type": "function", "function": json] }

    /// The function as JSON of one line, by whose length prompts are compared.
    package var shownText: String { written?.json["function"]?.writtenText ?? json.canonicalText }

    /// The tool in the form that models saw in training.
    private var usualTool: JSON {
        let function: JSON = .object(
            inOrder: [
                ("name", .string(name)), ("description", .string(summary)), ("parameters", Self.inUsualOrder(parameters)),
            ])
        return .object(inOrder: [("type", "function"), ("function", function)])
    }

    /// A schema with its members in the usual order, which models saw in training; other members come last.
    private static func inUsualOrder(_ schema: JSON) -> JSON {
        guard let members = schema.object else { return schema }
        let first = ["type", "description", "enum", "items", "properties", "required"]
        let keys = first.filter { members[$0] != nil } + schema.sortedMembers.map(\.key).filter { !first.contains($0) }
        return .object(
            inOrder: keys.map { key in
                let value = members[key] ?? .null
                guard key == "properties" else { return (key, inUsualOrder(value)) }
                return (key, .object(inOrder: value.sortedMembers.map { ($0.key, inUsualOrder($0.value)) }))
            })
    }
}
