import CanonicalJSON
import Engine
import Foundation
import Records

/// The SNIPS NLU benchmark: `{"<Intent>": [{"data": [{"text", "entity"?}, …]}, …]}`.
///
/// The intent is the function, each entity an argument whose value is the verbatim span. An entity that occurs twice in a query
/// keeps its first span.
enum SNIPSReader: RowReader {
    static let readsWholeFiles = true

    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        let read = try files.map { file in (file, try Self.rows(in: file.content(), file: file.name)) }
        let definitions = functions(called: read.flatMap(\.1))
        for (file, rowsOfFile) in read {
            rows.begin(file)
            let place = RecordPlace(file: file.name)
            for row in rowsOfFile {
                let called = row.answers.compactMap { definitions[$0.name] }
                try rows.attempt(at: place) { try $0.add(file.wanted(row), called, set: file.set, place: place) }
            }
        }
    }

    static func rows(in content: Data, file: String) throws -> [Row] {
        let intents: [(key: String, value: JSON)]
        do throws(JSONError) {
            intents = try JSON(parsing: utf8(content)).sortedMembers
        } catch {
            throw StageFailure("\(file), \(error)")
        }
        guard let (intent, value) = intents.first, intents.count == 1, let entries = value.array else {
            throw StageFailure("\(file): a SNIPS file is an object with one intent, whose value is a list")
        }
        return try entries.enumerated().map { index, entry in
            guard let spans = entry["data"]?.array else {
                throw StageFailure("\(file): row \(index + 1) of \(intent) has no 'data' list; fix it or remove it")
            }
            return try row(of: spans, id: "\(file)#\(index + 1)", intent: intent, file: file)
        }
    }

    private static func row(of spans: [JSON], id: String, intent: String, file: String) throws -> Row {
        var query = ""
        var arguments: [String: JSON] = [:]
        for span in spans {
            guard let text = span["text"]?.string else {
                throw StageFailure("\(file): the row \(id) has a span without 'text'; fix it or remove it")
            }
            query += text
            if let entity = span["entity"]?.string, arguments[entity] == nil {
                arguments[entity] = .string(text.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        let words = query.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return Row(id: id, query: words, answers: [FunctionCall(name: intent, arguments: arguments)])
    }

    /// A function per intent: its parameters are the entities that any row has, strings, none of them required.
    static func functions(called rows: [Row]) -> [String: FunctionDefinition] {
        var entities: [String: Set<String>] = [:]
        for call in rows.flatMap(\.answers) { entities[call.name, default: []].formUnion(call.arguments.keys) }
        return Dictionary(
            uniqueKeysWithValues: entities.map { intent, names in
                let properties = Dictionary(uniqueKeysWithValues: names.map { ($0, ["type": "string"] as JSON) })
                let words = intent.replacing(/(?<before>[a-z])(?<after>[A-Z])/) { "\($0.before) \($0.after)" }
                return (
                    intent,
                    FunctionDefinition(
                        name: intent, summary: words.prefix(1) + words.dropFirst().lowercased() + ".",
                        parameters: ["type": "object", "properties": .object(properties), "required": []])
                )
            })
    }

    /// UTF-8 line by line: the published files are UTF-8, but for single lines that are Latin-1.
    private static func utf8(_ content: Data) -> [UInt8] {
        if String(validating: content, as: UTF8.self) != nil { return Array(content) }
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            if String(validating: line, as: UTF8.self) != nil { return Array(line) }
            return Array(String(String.UnicodeScalarView(line.map { Unicode.Scalar($0) })).utf8)
        }
        return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }
}
