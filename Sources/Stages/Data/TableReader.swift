import CanonicalJSON
import Engine

/// Flat records, such as a table's: `query`, the `reply` to it (or `label`), `instructions`, `context`, `id`. All are texts; numbers
/// and truth values are read as they are written.
///
/// A record whose query or reply has no value is no row; without such a column, rows have no reply. Rows without an id are named
/// by file and number.
enum TableReader: RecordReader {
    static let needed = ["query"]
    static let valued = ["query", "reply", "label"]

    static func parts(of record: JSON) throws(RowError) -> [ReadPart] {
        guard let written = record["query"] else {
            let names = record.sortedMembers.map { "'\($0.key)'" }.joined(separator: ", ")
            throw RowError("the row has no 'query' but \(names); name the one meant with `columns: {query: NAME}`")
        }
        guard let query = try text(written, "query") else { return [.skipped(.missingValue)] }
        var row = Row(id: try text(record["id"] ?? .null, "id") ?? "", query: query, answers: [])
        if let (name, value) = try reply(in: record) {
            guard let reply = try text(value, name) else { return [.skipped(.missingValue)] }
            row.reply = reply
        }
        row.background.instructions = try text(record["instructions"] ?? .null, "instructions") ?? ""
        row.background.context = try context(record["context"] ?? .null)
        return [.row(row, [])]
    }

    static func unlabelled(_ record: JSON) -> JSON { record.filterMembers { key, _ in key != "reply" && key != "label" } }

    /// The member that holds the reply, under either of its names; `nil` where there is none.
    private static func reply(in record: JSON) throws(RowError) -> (name: String, value: JSON)? {
        switch (record["reply"], record["label"]) {
        case (.some, .some): throw RowError("the row has both a 'reply' and a 'label'; name the one meant with `columns`")
        case (let reply?, nil): ("reply", reply)
        case (nil, let label?): ("label", label)
        case (nil, nil): nil
        }
    }

    /// A text before the query, or messages.
    private static func context(_ value: JSON) throws(RowError) -> [ChatMessage] {
        if let messages = value.array { return try messages.map(ChatMessage.init(json:)) }
        return try text(value, "context").map { [ChatMessage(role: .user, content: $0)] } ?? []
    }

    /// A value as a text; `nil` where there is none.
    private static func text(_ value: JSON, _ name: String) throws(RowError) -> String? {
        switch value {
        case .null: return nil
        case .string(let text): return text.allSatisfy(\.isWhitespace) ? nil : text
        case .integer, .real, .decimal, .bool: return value.canonicalText
        case .array, .object: throw RowError("'\(name)' is a list or an object, not a text")
        }
    }
}
