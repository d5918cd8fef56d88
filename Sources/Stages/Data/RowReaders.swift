import CanonicalJSON
import Engine
import Words

/// Reads the files of one format of rows.
protocol RowReader {
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws
}

extension RowFormat {
    var reader: any RowReader.Type {
        switch self {
        case .decant: DecantRowReader.self
        case .openai: ChatReader.self
        case .snips: SNIPSReader.self
        case .xlam: XLAMReader.self
        case .bfcl: BFCLReader.self
        case .spans: SpanReader.self
        case .options: OptionsReader.self
        case .mmlu: MMLUReader.self
        case .arc: ARCReader.self
        case .hellaswag: HellaSwagReader.self
        case .ranking: RankingReader.self
        case .text: PassageReader.self
        }
    }
}

/// What a part of a record becomes.
enum ReadPart {
    /// A row and the functions that it shows.
    case row(Row, [FunctionDefinition])
    case skipped(SkipReason)
}

/// Reads a format whose records are rows, or several, that bring their functions.
protocol RecordReader: RowReader {
    /// - Throws: what is wrong with the record; the file is refused, with the record's place.
    static func parts(of record: JSON) throws(RowError) -> [ReadPart]
}

extension RecordReader {
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        for file in files {
            try file.forEachRow { record, place in
                for part in try parts(of: record) {
                    switch part {
                    // Words would teach that no call is wanted where none can be.
                    case .row(let row, let functions) where row.reply != nil && functions.isEmpty && rows.task.isOfCalls:
                        rows.skip(.noFunction, place: place)
                    case .row(let row, let functions): try rows.add(row, owning: functions, set: file.set, place: place)
                    case .skipped(let reason): rows.skip(reason, place: place)
                    }
                }
            }
        }
    }
}

/// Reads a format whose lines are rows that share functions.
protocol RowLineReader: RowReader {
    static func row(_ json: JSON) throws(RowError) -> (Row, [FunctionDefinition])
}

extension RowLineReader {
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        try rows.add(linesOf: files) { json throws(RowError) in try row(json) }
    }
}

/// Decant's own interchange rows: `{"id", "query", "tools": [{name, description, parameters}], "answers", "expect"}`; with
/// `{"id", "query", "reply"}` those that are answered in words, where `label` is another name for `reply`. An id may be a
/// number, and a tool may be the object of the chat completions interface.
enum DecantRowReader: RowLineReader {
    static func row(_ json: JSON) throws(RowError) -> (Row, [FunctionDefinition]) {
        let json = json.withIdAsText
        if let reply = json["reply"] ?? json["label"], json["answers"] == nil {
            let members = ["reply": reply, "answers": []] as JSON
            return (try Row(json: .object((json.object ?? [:]).merging(members.object ?? [:]) { $1 })), [])
        }
        guard let tools = json["tools"]?.array else { throw RowError("the row has no 'tools' list") }
        let functions = try tools.map(FunctionDefinition.init(tool:))
        var row = try Row(json: json)
        guard !row.isPassage else {
            throw RowError("the row '\(row.id)' is a passage of text, which files of the format 'text' have")
        }
        row.functions = functions.map(\.name)
        let wantsCall = json["expect"]?.string != "no_call"
        guard wantsCall == !row.answers.isEmpty else {
            throw RowError(
                "the row '\(row.id)' expects \(wantsCall ? "calls" : "no call") but has \(row.answers.count) answers")
        }
        return (row, functions)
    }
}

extension JSON {
    /// The record with an id that is a number as the number's text.
    fileprivate var withIdAsText: JSON {
        guard let id = self["id"], id.isNumber else { return self }
        return mapMembers { key, value in key == "id" ? .string(id.canonicalText) : value }
    }
}
