import CanonicalJSON
import Engine
import Kinds
import Records

/// The rows and functions read so far. A row is handed on as soon as it is read.
struct IngestedRows {
    private let write: (Row) throws -> Void
    /// The share of the records that may be bad.
    private let badRows: Double
    /// How many records may be bad, whatever their share.
    private let mostBad: Int
    /// How much of each file is read, where files are merely looked into.
    private let limits: SurveyLimits?
    private(set) var functions: [String: FunctionDefinition] = [:]
    /// Whether there are functions besides those of rows, so that rows need bring none.
    private(set) var hasSharedFunctions = false
    private(set) var report = ReadingReport()
    private(set) var task: TaskRows
    /// What is wrong with files that are merely looked into.
    private(set) var faults: [RowFault] = []
    /// Whether all records were read.
    private(set) var isWhole = true
    /// Of the rows of the file that is being read.
    private var bytes = 0
    private var identities = RowIdentities()
    private var numbering = RowNumbering()
    private var answers = AnswerCheck()

    /// - Parameters:
    ///   - badRows: 0 refuses a file with a row that is bad, unless so many may be skipped.
    ///   - limits: reads the beginning of each file, and goes on behind what is wrong.
    ///   - write: gets every row, in order.
    init(
        task: TaskRows = TaskRows(), badRows: Double = 0, skip: Int = 0, lookingInto limits: SurveyLimits? = nil,
        write: @escaping (Row) throws -> Void
    ) {
        (self.task, self.badRows, mostBad, self.limits, self.write) = (task, badRows, skip, limits, write)
    }

    /// Takes functions that rows may call which bring none. They come before all rows.
    mutating func define(_ definitions: [String: FunctionDefinition]) {
        functions.merge(definitions) { known, _ in known }
        hasSharedFunctions = true
    }

    /// Adds a row of a format whose rows share functions. A row that defines one otherwise than the first that did keeps its own
    /// definition.
    mutating func add(_ row: Row, _ definitions: [FunctionDefinition], set: String, place: RecordPlace) throws {
        guard task.bringsFunctions else { return try append(row, set: set, place: place) }
        try check(
            row.answers.first { answer in
                let isKnown = functions[answer.name] != nil || definitions.isEmpty && !hasSharedFunctions
                return !isKnown && !definitions.contains { $0.name == answer.name }
            })
        var row = row
        let own = definitions.filter { definition in functions[definition.name].map { $0 != definition } ?? false }
        if !own.isEmpty { row.definitions = own }
        for definition in definitions where functions[definition.name] == nil { functions[definition.name] = definition }
        try append(row, set: set, place: place)
    }

    /// Adds a row of a format whose rows define their own functions. The first definition of a name goes to the pool; a row
    /// with a different one keeps its own.
    mutating func add(_ row: Row, owning definitions: [FunctionDefinition], set: String, place: RecordPlace) throws {
        guard task.bringsFunctions else { return try append(row, set: set, place: place) }
        var row = row
        row.functions = []
        for definition in definitions {
            guard !row.functions.contains(definition.name) else {
                throw RowError("'\(row.id)' defines the function '\(definition.name)' twice; take one out")
            }
            row.functions.append(definition.name)
        }
        try check(row.answers.first { !row.functions.contains($0.name) })
        var own: [FunctionDefinition] = []
        for definition in definitions {
            if let known = functions[definition.name] {
                if known != definition { own.append(definition) }
            } else {
                functions[definition.name] = definition
            }
        }
        if !own.isEmpty || row.functions.isEmpty { row.definitions = own }
        try append(row, set: set, place: place)
    }

    /// - Parameter unknown: a call among the answers of a function that nobody defines.
    private func check(_ unknown: FunctionCall?) throws(RowError) {
        guard let unknown else { return }
        let missing =
            hasSharedFunctions ? "neither the row's tools nor data.ingest.functions have" : "the row's tools do not have"
        throw RowError("the answer calls '\(unknown.name)', which \(missing)")
    }

    /// Hands a row on. Equal rows are one; an id that another row has is refused.
    private mutating func append(_ row: Row, set: String, place: RecordPlace) throws {
        var row = try task.fitted(row, set: set, place: "\(place)")
        let content = row.json.canonicalBytes
        bytes += content.count
        if row.id.isEmpty {
            if case .equal = identities.takeContent(content) { return report.skip(.equalRow, place: "\(place)") }
            row.id = numbering.nextID()
        }
        switch identities.take(id: row.id, content: content, place: place) {
        case .new: break
        case .equal: return report.skip(.equalRow, place: "\(place)")
        case .idTaken(let earlier):
            throw RowError("the id '\(row.id)' was used before, in \(earlier); ids must be unique")
        }
        answers.take(row, functions: functions)
        row.set = set
        try write(row)
        report.countRow(of: place.file, set: set, isUnlabelled: row.isUnlabelled)
    }

    /// Counts a part of a file that is no row, with the reason.
    mutating func skip(_ reason: SkipReason, place: RecordPlace) { report.skip(reason, place: "\(place)") }

    /// Where the row with an id stands.
    func place(of id: String) -> RecordPlace? { identities.place(of: id) }

    /// A line for the log about rows whose own answers the rules of `ast` reject.
    var warning: String? { answers.warning(functions: functions, rows: report.rows) }
}

extension IngestedRows {
    /// Reads a file's records under the names of a format. What `body` finds wrong with one refuses the file, unless the
    /// recipe allows some bad rows.
    mutating func read(
        _ file: IngestedFile, for reader: any RowReader.Type,
        _ body: (inout IngestedRows, JSON, RecordPlace) throws -> Void
    ) throws {
        do {
            try readRecords(of: file, for: reader, body)
        } catch is SurveyEnd {
            isWhole = false
        } catch let failure as StageFailure where limits != nil {
            note(failure)
        }
    }

    private mutating func readRecords(
        of file: IngestedFile, for reader: any RowReader.Type,
        _ body: (inout IngestedRows, JSON, RecordPlace) throws -> Void
    ) throws {
        let earlier = faults.count
        var members = RecordMembers(of: file, for: reader)
        begin(file)
        numbering.begin(file.name)
        let form: RecordFile.Form
        do {
            form = try file.records.read(columns: { try members.begin(with: $0) }) { place, record in
                if let limits, !reader.readsWholeFiles,
                    !limits.allow(records: report.recordsOfFile, bytes: bytes, faults: faults.count - earlier)
                {
                    throw SurveyEnd()
                }
                report.countRecord()
                numbering.countRecord()
                switch record {
                case .failure(let damage): try refuse("\(damage)", at: place, offset: damage.offset, fix: "")
                case .success(let record):
                    try attempt(at: place) { rows in try body(&rows, members.named(record), place) }
                }
            }
        } catch let error as RecordError {
            throw StageFailure("\(error)")
        }
        try members.end()
        report.end(form)
    }

    /// Begins with a file that a format reads by itself.
    mutating func begin(_ file: IngestedFile) {
        report.begin(file)
        bytes = 0
    }

    /// Adds what stands at a place; what is wrong with it refuses the file, or is counted.
    mutating func attempt(at place: RecordPlace, _ body: (inout IngestedRows) throws -> Void) throws {
        do {
            try body(&self)
        } catch let error as RowError {
            try refuse(
                "\(error)", at: place, fix: "; fix the row or remove it, or let 'skip: 1' under data.ingest leave it out")
        }
    }

    private mutating func refuse(
        _ reason: String, at place: RecordPlace, offset: Int? = nil, fix: String
    ) throws(StageFailure) {
        if limits != nil { faults.append(RowFault(place: place, offset: offset, reason: reason)) }
        guard badRows > 0 || mostBad > 0 || limits != nil else { throw StageFailure("\(place): \(reason)\(fix)") }
        report.skip(.badRow, place: "\(place): \(reason)")
    }

    /// Keeps what ended the reading of a file that is merely looked into.
    mutating func note(_ error: any Error) { faults.append(RowFault(place: nil, offset: nil, reason: "\(error)")) }

    /// - Throws: where there is no row, with what was read and skipped, or no function that questions without answers ask for.
    func checkThatThereAreRows() throws(StageFailure) {
        if report.rows == 0 { throw StageFailure((["the files hold no row"] + report.lines).joined(separator: "; ")) }
        guard task.isOfCalls, functions.isEmpty, report.unlabelled > 0 else { return }
        throw StageFailure(
            "nobody says which functions the questions may call: name a file of them as 'functions' under data.ingest")
    }

    /// Whether the recipe allows so many bad records among those read so far.
    func allows(bad: Int) -> Bool { bad <= mostBad || Double(bad) <= badRows * Double(report.records) }

    /// What the recipe allows, in words.
    var allowance: String {
        let parts = [
            mostBad > 0 ? "'skip' allows \(mostBad)" : nil, badRows > 0 ? "'bad_rows' allows \(badRows.percentage)" : nil,
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }

    /// - Throws: where more rows are bad than the recipe allows.
    func checkBadRows() throws(StageFailure) {
        let bad = report.count(of: .badRow)
        guard !allows(bad: bad) else { return }
        let limits = [mostBad > 0 ? "`skip: \(mostBad)`" : nil, badRows > 0 ? "`bad_rows: \(badRows.percentage)`" : nil]
        throw StageFailure(
            "\(bad) of \(report.records) records are bad, more than \(limits.compactMap(\.self).joined(separator: " and ")) "
                + "allows; the first is \(report.firstPlace(of: .badRow) ?? "")")
    }
}

/// Ids for rows without one: the file's name and the record's number. Files of one name share their numbering.
private struct RowNumbering {
    private var counts: [String: Int] = [:]
    private var file = ""
    /// Rows of the current record that got an id.
    private var parts = 0

    mutating func begin(_ file: String) { self.file = file }

    mutating func countRecord() {
        counts[file, default: 0] += 1
        parts = 0
    }

    mutating func nextID() -> String {
        parts += 1
        return "\(file)-\(counts[file] ?? 0)" + (parts > 1 ? "-\(parts)" : "")
    }
}

/// Whether rows' own answers fit their functions.
private struct AnswerCheck {
    private var unfit: [(number: Int, id: String)] = []
    private var count = 0
    private var checked = 0
    /// Rows with a call of a function that was not defined when they came.
    private var waiting: [(number: Int, row: Row)] = []

    /// Ids that the warning names.
    private static let mostIDs = 5

    mutating func take(_ row: Row, functions: [String: FunctionDefinition]) {
        checked += 1
        if row.answers.isEmpty { return }
        if row.answers.allSatisfy({ row.definition(of: $0.name, in: functions) != nil }) {
            judge(row, checked, functions)
        } else {
            waiting.append((checked, row))
        }
    }

    private mutating func judge(_ row: Row, _ number: Int, _ functions: [String: FunctionDefinition]) {
        if AnswerJudge.ast.verdict(on: row.answers, for: row, functions: functions).isAccepted { return }
        count += 1
        unfit.append((number, row.id))
        unfit.sort { $0.number < $1.number }
        if unfit.count > Self.mostIDs { unfit.removeLast() }
    }

    func warning(functions: [String: FunctionDefinition], rows: Int) -> String? {
        var whole = self
        for (number, row) in waiting { whole.judge(row, number, functions) }
        guard whole.count > 0, !functions.isEmpty else { return nil }
        return "\(whole.count) of \(rows) rows have answers that do not fit their functions: "
            + whole.unfit.map(\.id).joined(separator: ", ") + (whole.count > Self.mostIDs ? ", …" : "")
    }
}
