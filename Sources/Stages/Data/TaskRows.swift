import CanonicalJSON
import Diagnostics
import Engine
import Foundation
import Kinds
import SpannedYAML
import Words

/// Holds rows to their task, and finds the labels or the schema where nobody names them.
struct TaskRows {
    private var description: TaskDescription
    /// Of `classify`; `nil` where the training rows' labels are all that there are.
    private let known: Set<String>?
    private var trained: Set<String> = []
    /// Whether some rows say not what is right.
    private var hasQuestions = false
    /// Labels of other rows, with the place of the first of each.
    private var elsewhere: [String: String] = [:]
    /// Of `extract`; `nil` where the schema is known.
    private var inference: SchemaInference?

    init(_ description: TaskDescription = .calls) {
        self.description = description
        known = description.labels.isEmpty ? nil : Set(description.labels)
        inference = description.kind == .extract && description.schema == nil ? SchemaInference() : nil
    }

    /// Whether words with functions beside them mean that none is to be called.
    var isOfCalls: Bool { description.kind == .calls }

    /// Whether rows bring functions.
    var bringsFunctions: Bool { [.calls, .rank].contains(description.kind) }

    /// The row as its task has it, the reply as it is taught.
    ///
    /// - Throws: what of the row does not fit, with the field and what to do.
    mutating func fitted(_ row: Row, set: String, place: String) throws(RowError) -> Row {
        if row.isPassage { return row }
        if row.isUnlabelled {
            hasQuestions = true
            return try question(row)
        }
        if description.kind == .calls {
            try checkThatItCalls(row)
            return row
        }
        let task = description.kind.rawValue
        if description.kind == .rank {
            guard row.ranked != nil || !row.functions.isEmpty else {
                throw RowError(
                    "\(row.name) has nothing to rank; the format 'ranking' has texts, and others functions that rows call"
                )
            }
            return row
        }
        guard description.kind != .choice || row.options != nil else {
            throw RowError(
                "\(row.name) has no options, which the task 'choice' wants; the formats 'options', 'mmlu', 'cmmlu', "
                    + "'arc' and 'hellaswag' have them")
        }
        guard row.answers.isEmpty else {
            throw RowError("\(row.name) calls '\(row.answers[0].name)', and the task '\(task)' wants a reply in words")
        }
        guard let reply = row.reply, !reply.trimmed.isEmpty else {
            throw RowError("\(row.name) has no 'reply', which the task '\(task)' wants; name its column")
        }
        var row = row
        (row.functions, row.definitions) = ([], nil)
        row.reply = try fitted(reply, of: row, set: set, place: place)
        return row
    }

    /// A row that says not what is right, with what its task asks about.
    private func question(_ row: Row) throws(RowError) -> Row {
        var row = row
        switch description.kind {
        case .calls where row.ranked != nil || row.options != nil:
            throw RowError("\(row.name) has options or a text to rank; write 'task: choice' or 'task: rank' in the recipe")
        case .choice where row.options == nil: throw RowError("\(row.name) has no options, which the task 'choice' wants")
        case .rank where row.ranked == nil && row.functions.isEmpty: throw RowError("\(row.name) has nothing to rank")
        case .calls, .rank: break
        case .choice, .classify, .extract, .text: (row.functions, row.definitions) = ([], nil)
        }
        return row
    }

    /// A reply in words with no function anywhere is no refusal to call one.
    private func checkThatItCalls(_ row: Row) throws(RowError) {
        guard row.ranked == nil else { throw RowError("\(row.name) ranks a text; write 'task: rank' in the recipe") }
        guard row.options == nil else { throw RowError("\(row.name) has options; write 'task: choice' in the recipe") }
        guard row.reply != nil, row.answers.isEmpty, row.functions.isEmpty, row.definitions?.isEmpty ?? true else { return }
        throw RowError(
            "\(row.name) replies in words and has no functions; write 'task: text' in the recipe, or 'task: classify' "
                + "where the reply is a label")
    }

    private mutating func fitted(_ reply: String, of row: Row, set: String, place: String) throws(RowError) -> String {
        switch description.kind {
        case .classify: return try label(reply.trimmed, of: row, set: set, place: place)
        case .extract: return try object(reply, of: row)
        case .text:
            guard description.reading == .text || StatedNumber.answer(of: reply) != nil else {
                throw RowError("the reply of \(row.name) has no number, which 'answer: number' wants")
            }
            return reply
        case .calls, .choice, .rank: return reply
        }
    }

    private mutating func label(_ label: String, of row: Row, set: String, place: String) throws(RowError) -> String {
        if let known, !known.contains(label) {
            throw RowError(
                "the label '\(label)' of \(row.name) is none of the recipe's \(known.count); add it to 'task.labels', or "
                    + "take the row out")
        }
        if RowSet.isTraining(set) {
            trained.insert(label)
        } else if elsewhere[label] == nil {
            elsewhere[label] = place
        }
        return label
    }

    private mutating func object(_ reply: String, of row: Row) throws(RowError) -> String {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: reply.utf8, maximumDepth: 64).canonical
        } catch {
            throw RowError("the reply of \(row.name) is no JSON: \(error.reason) at column \(error.column)")
        }
        guard let members = value.object else {
            throw RowError("the reply of \(row.name) is no JSON object but \(value.canonicalText)")
        }
        guard let schema = description.schema else {
            inference?.add(members)
            return value.canonicalText
        }
        if let fault = schema.fault(in: value) { throw RowError("the reply of \(row.name): \(fault)") }
        return schema.text(of: value)
    }

    /// What the rows are for, with what was found in them.
    ///
    /// - Throws: where that cannot be learned: a label that no training row has.
    func finished() throws(StageFailure) -> TaskDescription {
        var description = description
        if description.kind == .classify, known == nil {
            if let (label, place) = elsewhere.filter({ !trained.contains($0.key) }).min(by: { $0.key < $1.key }) {
                throw StageFailure(
                    "\(place): the label '\(label)' has no training row; add some, or name it among 'task.labels'")
            }
            if trained.isEmpty, hasQuestions {
                throw StageFailure("no training row has a label that questions could get; name the labels as 'task.labels'")
            }
            description.labels = trained.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        if let inference {
            do throws(RowError) {
                description.schema = try inference.schema()
            } catch {
                throw StageFailure("\(error); write the schema as 'task.schema'")
            }
        }
        return description
    }

    /// A line for the log about what was found in the rows.
    var finding: String? {
        if description.kind == .classify, known == nil { return "\(trained.count) labels, from the training rows" }
        guard let schema = try? inference?.schema() else { return nil }
        let fields = schema.fields.map { "\($0.name): \($0.schema["type"]?.string ?? "several types")" }
        return "the schema has the fields of all rows: " + fields.joined(separator: ", ")
    }
}

extension StageContext {
    /// What the parameters of a kind, and its input `schema`, say of the rows.
    func taskDescription(of kind: DataIngest) throws -> TaskDescription {
        var findings: [Diagnostic] = []
        let description = kind.taskDescription(schema: try schemaFile(), &findings)
        if findings.hasErrors { throw StageFailure(findings) }
        return description
    }

    /// `nil` where the recipe names none.
    private func schemaFile() throws -> SourceText? {
        guard hasInput("schema") else { return nil }
        let files = try files(below: "schema")
        guard files.count == 1 else {
            throw StageFailure("the source of 'task.schema' must be one file, not \(files.count)")
        }
        return SourceText(path: files[0], bytes: try Data(contentsOf: input("schema", files[0])))
    }
}

extension DataIngest {
    /// What the parameters say of the rows.
    ///
    /// - Parameter file: a YAML or JSON file that holds the schema.
    func taskDescription(schema file: SourceText?, _ findings: inout [Diagnostic]) -> TaskDescription {
        var description = TaskDescription(task, instructions: instructions, labels: labels ?? [], reading: reading)
        let written: (json: JSON, span: SourceSpan)? =
            if let file {
                readDocument(file, &findings).map { (JSON(schema: $0), $0.span) }
            } else {
                schema.flatMap { try? JSON(parsing: $0) }.map { ($0, $schema.span) }
            }
        guard let written, !findings.hasErrors else { return description }
        do throws(RowError) {
            description.schema = try ObjectSchema(json: written.json)
        } catch {
            findings.report("bad-schema", "\(error)", at: written.span)
        }
        return description
    }
}

extension Row {
    /// What messages call it, which say its place: an id may come later.
    var name: String { id.isEmpty ? "the row" : "the row '\(id)'" }
}
