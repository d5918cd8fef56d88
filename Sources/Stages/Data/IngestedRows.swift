import CanonicalJSON
import Engine
import Kinds

/// The rows and functions read so far.
struct IngestedRows {
    private(set) var rows: [Row] = []
    private(set) var functions: [String: FunctionDefinition] = [:]
    private(set) var report = ReadingReport()
    private(set) var task: TaskRows
    private var places: [String: (place: String, row: Int)] = [:]

    init(task: TaskRows = TaskRows()) { self.task = task }

    /// Adds a row of a format whose rows share functions. A row that defines one otherwise than the first that did keeps its own
    /// definition. A repeated id is refused.
    mutating func add(_ row: Row, _ definitions: [FunctionDefinition], set: String, place: String) throws {
        guard task.bringsFunctions else { return try append(row, calling: nil, set: set, place: place) }
        var row = row
        let own = definitions.filter { definition in functions[definition.name].map { $0 != definition } ?? false }
        if !own.isEmpty { row.definitions = own }
        for definition in definitions where functions[definition.name] == nil { functions[definition.name] = definition }
        let unknown = row.answers.first { !definitions.isEmpty && functions[$0.name] == nil }
        try append(row, calling: unknown, set: set, place: place)
    }

    /// Adds a row of a format whose rows define their own functions. The first definition of a name goes to the pool; a row
    /// with a different one keeps its own.
    mutating func add(_ row: Row, owning definitions: [FunctionDefinition], set: String, place: String) throws {
        guard task.bringsFunctions else { return try append(row, calling: nil, set: set, place: place) }
        var row = row
        var own: [FunctionDefinition] = []
        row.functions = []
        for definition in definitions {
            guard !row.functions.contains(definition.name) else {
                throw StageFailure("\(place): '\(row.id)' defines the function '\(definition.name)' twice; take one out")
            }
            row.functions.append(definition.name)
            if let known = functions[definition.name] {
                if known != definition { own.append(definition) }
            } else {
                functions[definition.name] = definition
            }
        }
        if !own.isEmpty || row.functions.isEmpty { row.definitions = own }
        let unknown = row.answers.first { !row.functions.contains($0.name) }
        try append(row, calling: unknown, set: set, place: place)
    }

    /// Adds the lines of files whose rows share functions. Rows of a named set need not share them.
    mutating func add(
        linesOf files: [IngestedFile], read: (JSON) throws(RowError) -> (Row, [FunctionDefinition])
    ) throws {
        for file in files {
            let isApart = RowSets.isNamed(file.set)
            try file.forEachLine { json, place in
                let (row, definitions) = try read(json)
                if isApart, !definitions.isEmpty {
                    try add(row, owning: definitions, set: file.set, place: place)
                } else {
                    try add(row, definitions, set: file.set, place: place)
                }
            }
        }
    }

    /// - Parameter unknown: a call among the answers of a function that nobody defines.
    private mutating func append(_ row: Row, calling unknown: FunctionCall?, set: String, place: String) throws {
        var row = row
        do throws(RowError) {
            row = try task.fitted(row, set: set, place: place)
        } catch {
            throw StageFailure("\(place): \(error)")
        }
        row.set = set
        if let earlier = places[row.id] {
            if rows[earlier.row] == row { return skip(.equalRow, place: place) }
            throw StageFailure("\(place): the id '\(row.id)' was used before, in \(earlier.place); ids must be unique")
        }
        if let unknown {
            throw StageFailure("\(place): the answer calls '\(unknown.name)', which the row's tools do not have")
        }
        places[row.id] = (place, rows.count)
        rows.append(row)
        report.countRow()
    }

    /// Makes rankings of functions of rows that call them: a row for each function, relevant where it is called.
    ///
    /// A training row ranks those that it calls and `negatives` others, chosen by hashes; a row of another set ranks all.
    mutating func rankFunctions(negatives: Int) throws(StageFailure) {
        let pool = functions.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        functions = [:]
        var ranked: [Row] = []
        for row in rows {
            do throws(RowError) {
                ranked += row.ranked == nil ? try row.ranking(of: pool, negatives: negatives) : [row]
            } catch {
                throw StageFailure("\(places[row.id]?.place ?? row.id): \(error)")
            }
        }
        rows = ranked
    }

    /// Counts a part of a file that is no row, with the reason.
    mutating func skip(_ reason: SkipReason, place: String) { report.skip(reason, place: place) }

    /// A line for the log about rows whose own answers the rules of `ast` reject.
    var warning: String? {
        let unanswerable = rows.filter {
            !AnswerJudge.ast.verdict(on: $0.answers, for: $0, functions: functions).isAccepted
        }
        guard !unanswerable.isEmpty, !functions.isEmpty else { return nil }
        return "\(unanswerable.count) of \(rows.count) rows have answers that do not fit their functions: "
            + unanswerable.prefix(5).map(\.id).joined(separator: ", ") + (unanswerable.count > 5 ? ", …" : "")
    }
}
