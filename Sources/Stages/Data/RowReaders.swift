import CanonicalJSON
import Engine
import Records
import Words

/// Reads the files of one format of rows.
protocol RowReader {
    /// The members that every record needs.
    static var needed: [String] { get }
    /// The members that hold lists or objects. As texts, which is all that CSV has, they are JSON.
    static var nested: [String] { get }
    /// The members without which a record is no row, where the file has a column for them.
    static var valued: [String] { get }
    /// Whether a file, or several together, make sense only when all is read.
    static var readsWholeFiles: Bool { get }

    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws
}

extension RowReader {
    static var needed: [String] { [] }
    static var nested: [String] { [] }
    static var valued: [String] { [] }
    static var readsWholeFiles: Bool { false }
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
        case .cmmlu: CMMLUReader.self
        case .arc: ARCReader.self
        case .hellaswag: HellaSwagReader.self
        case .ranking: RankingReader.self
        case .table: TableReader.self
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

/// Reads a format whose records are rows, or several, that bring their functions. A row with an empty id gets one that names its
/// place.
protocol RecordReader: RowReader {
    /// - Throws: what is wrong with the record; the file is refused, with the record's place.
    static func parts(of record: JSON) throws(RowError) -> [ReadPart]
    /// A record whose answers count for nothing, so that it may do without.
    static func unlabelled(_ record: JSON) -> JSON
}

extension RecordReader {
    static func unlabelled(_ record: JSON) -> JSON { record }

    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        for file in files {
            try rows.read(file, for: Self.self) { rows, record, place in
                for part in try parts(of: file.isUnlabelled ? unlabelled(record) : record) {
                    switch part {
                    // Questions alone may call whatever there is.
                    case .row(let row, let functions) where functions.isEmpty && (file.isUnlabelled || row.isUnlabelled):
                        try rows.add(row.unlabelled, [], set: file.set, place: place)
                    // Words would teach that no call is wanted where none can be.
                    case .row(let row, let functions) where row.reply != nil && functions.isEmpty && rows.task.isOfCalls:
                        rows.skip(.noFunction, place: place)
                    case .row(let row, let functions):
                        try rows.add(file.wanted(row), owning: functions, set: file.set, place: place)
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
        for file in files {
            // Rows of a named set need not share functions.
            let isApart = RowSets.isNamed(file.set)
            try rows.read(file, for: Self.self) { rows, record, place in
                let wanted = file.isUnlabelled ? record.asQuestion : record
                let (read, functions) = try row(rows.hasSharedFunctions ? wanted.withTools : wanted)
                let row = file.wanted(read)
                if isApart, !functions.isEmpty {
                    try rows.add(row, owning: functions, set: file.set, place: place)
                } else {
                    try rows.add(row, functions, set: file.set, place: place)
                }
            }
        }
    }
}

/// Decant's own interchange rows: `{"id", "query", "tools": [{name, description, parameters}], "answers", "expect"}`; with
/// `{"id", "query", "reply"}` those that are answered in words, where `label` is another name for `reply`. With `"expect":
/// "unknown"` a row is a question alone, and needs neither tools nor an answer. An id may be a number, and a tool may be the
/// object of the chat completions interface.
enum DecantRowReader: RowLineReader {
    static let needed = ["query"]
    static let nested = ["tools", "answers", "context", "examples", "knowledge", "possible"]

    static func row(_ json: JSON) throws(RowError) -> (Row, [FunctionDefinition]) {
        let json = json.withIdAsText
        let isUnlabelled = json["expect"] == Row.unknown
        if !isUnlabelled, let reply = json["reply"] ?? json["label"], json["answers"] == nil {
            let members = ["reply": reply, "answers": []] as JSON
            return (try Row(json: .object((json.object ?? [:]).merging(members.object ?? [:]) { $1 })), [])
        }
        guard let tools = json["tools"]?.array ?? (isUnlabelled ? [] : nil) else {
            throw RowError(
                "the row has no 'tools' list; add one, or name a file of all functions as 'functions' under data.ingest")
        }
        let functions = try tools.map(FunctionDefinition.init(tool:))
        var row = try Row(json: json)
        guard !row.isPassage else {
            throw RowError("\(row.name) is a passage of text, which files of the format 'text' have")
        }
        row.functions = functions.map(\.name)
        if isUnlabelled { return (row, functions) }
        let wantsCall = json["expect"]?.string != "no_call"
        guard wantsCall == !row.answers.isEmpty else {
            let fix = wantsCall ? "where no call is right, say \"expect\": \"no_call\"" : "take \"expect\" or the answers out"
            throw RowError(
                "\(row.name) expects \(wantsCall ? "calls" : "no call") but has \(row.answers.count) answers; \(fix)")
        }
        return (row, functions)
    }
}

extension JSON {
    /// The record with a list of tools, an empty one where it has none: it calls functions that stand elsewhere.
    fileprivate var withTools: JSON {
        self["tools"] == nil ? .object((object ?? [:]).merging(["tools": []]) { $1 }) : self
    }

    /// The record as one that says not what is right.
    var asQuestion: JSON { .object((object ?? [:]).merging(["expect": Row.unknown]) { $1 }) }

    /// The record with an id that is a number as the number's text.
    fileprivate var withIdAsText: JSON {
        guard let id = self["id"], id.isNumber else { return self }
        return mapMembers { key, value in key == "id" ? .string(id.canonicalText) : value }
    }
}
