import CanonicalJSON
import Engine
import Records

/// The members of a file's records under the names that a format has for them.
struct RecordMembers {
    private let file: String
    private let format: String
    /// The file's names by the format's.
    private let columns: [String: String]
    private let needed: [String]
    private let nested: Set<String>
    private let valued: [String]
    /// The names that the file has, as far as its header or the first records tell.
    private var names: [String] = []
    private var hasHeader = false
    private var shown = 0
    /// The columns of the recipe that no record had so far.
    private var unseen: Set<String>

    /// Names that a message lists, at most.
    private static let mostNames = 40
    /// Records whose names are learned.
    private static let mostRecords = 100

    init(of file: IngestedFile, for reader: any RowReader.Type) {
        (self.file, format, columns) = (file.name, file.format.rawValue, file.columns)
        needed = reader.needed
        nested = Set(reader.nested)
        valued = reader.valued
        unseen = Set(columns.values)
    }

    /// Takes in the names that a file has for all of its records.
    ///
    /// - Throws: where it has none for a member that rows need, or lacks a column that the recipe names.
    mutating func begin(with names: [String]) throws(StageFailure) {
        (self.names, hasHeader) = (names, true)
        unseen.subtract(names)
        try checkColumns()
        for member in needed where columns[member] == nil && !names.contains(member) {
            let fix =
                format == "table"
                ? "name the columns meant with `columns: {query: NAME, label: NAME}` under data.ingest"
                : "for questions and their replies write `format: table` with `columns: {query: NAME, label: NAME}` under "
                    + "data.ingest, for other names of the same members `columns: {\(member): NAME}`"
            throw StageFailure(
                "\(file) has the columns \(Self.list(names)), and no '\(member)': rows of the format '\(format)' have "
                    + "\(Self.list(needed)); \(fix)")
        }
    }

    /// The record with the format's names. Texts of members that hold lists or objects are read as JSON. A member whose column
    /// is known, and that has no value, is null where the format tells the two apart.
    mutating func named(_ record: JSON) throws(RowError) -> JSON {
        guard var members = record.object else { throw RowError("the row is no JSON object") }
        // A record that needs no change keeps the order of its members.
        var isChanged = !columns.isEmpty
        if hasHeader {
            for name in valued where members[name] == nil && names.contains(name) {
                members[name] = .null
                isChanged = true
            }
        } else if shown < Self.mostRecords {
            shown += 1
            for name in members.keys.sorted() where !names.contains(name) { names.append(name) }
        }
        if !columns.isEmpty {
            if !unseen.isEmpty { unseen.subtract(members.keys) }
            let values = columns.mapValues { members[$0] ?? .null }
            for name in columns.values { members[name] = nil }
            members.merge(values) { $1 }
        }
        for name in nested {
            guard let text = members[name]?.string, let value = try Self.json(in: text, name) else { continue }
            members[name] = value
            isChanged = true
        }
        return isChanged ? .object(members) : record
    }

    /// The list or object that a text holds; `nil` where it begins as neither.
    private static func json(in text: String, _ name: String) throws(RowError) -> JSON? {
        let first = text.utf8.first { !" \n\r\t".utf8.contains($0) }
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else { return nil }
        do throws(JSONError) {
            return try JSON(parsingAsWritten: text.utf8)
        } catch {
            throw RowError("'\(name)' is not JSON: \(error.reason) (column \(error.column) of the text)")
        }
    }

    /// - Throws: where no record had a column that the recipe names.
    func end() throws(StageFailure) { if !names.isEmpty { try checkColumns() } }

    private func checkColumns() throws(StageFailure) {
        for (member, column) in columns.sorted(by: { $0.key < $1.key }) where unseen.contains(column) {
            throw StageFailure(
                "\(file) has no column '\(column)', which data.ingest.columns names for '\(member)'; it has \(Self.list(names))"
            )
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(mostNames).map { "'\($0)'" }.joined(separator: ", ")
            + (names.count > mostNames ? " and \(names.count - mostNames) more" : "")
    }
}
