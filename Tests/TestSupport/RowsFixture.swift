import CanonicalJSON
import Foundation
import Testing

/// The same two rows in every format, and files of every container that hold them.
package enum RowsFixture {
    package static let tool: JSON = [
        "name": "play", "description": "Play.", "parameters": ["type": "object", "properties": ["song": ["type": "string"]]],
    ]

    /// Two records of a format, whose queries are `play a` and `play "b", now`.
    package static func records(_ format: String) -> [JSON] {
        ["play a", "play \"b\", now"].enumerated().map { index, query in
            let arguments: JSON = ["song": .string(String("ab".prefix(index + 1).suffix(1)))]
            let call: JSON = ["name": "play", "arguments": arguments]
            switch format {
            case "openai":
                let function: JSON = ["name": "play", "arguments": .string(arguments.canonicalText)]
                return [
                    "id": .string("r\(index)"),
                    "messages": [
                        ["role": "user", "content": .string(query)],
                        ["role": "assistant", "content": nil, "tool_calls": [["type": "function", "function": function]]],
                    ], "tools": [["type": "function", "function": tool]],
                ]
            case "xlam":
                let parameters: JSON = ["song": ["type": "str", "description": "A song."]]
                let tools: JSON = [["name": "play", "description": "Play.", "parameters": parameters]]
                return [
                    "id": .string("r\(index)"), "query": .string(query), "tools": .string(tools.canonicalText),
                    "answers": .string(JSON.array([call]).canonicalText),
                ]
            case "table": return ["id": .string("r\(index)"), "query": .string(query), "reply": .string("label \(index)")]
            default:
                return ["id": .string("r\(index)"), "query": .string(query), "tools": [tool], "answers": [call]]
            }
        }
    }

    /// The records in a container.
    package static func content(_ records: [JSON], in container: String) throws -> Data {
        switch container {
        case "lines": return Data(records.map { $0.canonicalText + "\n" }.joined().utf8)
        case "list": return Data(JSON.array(records).canonicalText.utf8)
        case "pretty": return Data(JSON.array(records).prettyText.utf8)
        case "csv": return table(records, separator: ",")
        case "tsv": return table(records, separator: "\t")
        case "gzip", "zstd": return try compressed(content(records, in: "lines"), by: container)
        case "csv.gzip": return try compressed(table(records, separator: ","), by: "gzip")
        default: return try ColumnFiles.written(records, as: container)
        }
    }

    /// Lists and objects are JSON in a value.
    private static func table(_ records: [JSON], separator: String) -> Data {
        let names = Set(records.flatMap { ($0.object ?? [:]).keys }).sorted()
        let lines = records.map { record in
            names.map { name in
                let value = record[name].map { $0.string ?? $0.canonicalText } ?? ""
                return "\"" + value.replacing("\"", with: "\"\"") + "\""
            }
        }
        let text = ([names] + lines).map { $0.joined(separator: separator) + "\r\n" }.joined()
        return Data(text.utf8)
    }

    package static func compressed(_ content: Data, by program: String) throws -> Data {
        let folder = TemporaryFolder()
        try folder.write(content, to: "content")
        try ProgramRun.output(of: ["sh", "-c", "\(program) -c < content > compressed"], in: folder.url)
        return try folder.data("compressed")
    }
}
