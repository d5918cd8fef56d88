import CanonicalJSON
import Engine
import Kinds

extension DataReferences: RunnableStage {
    private static let counts = File<JSON>("references.json")
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets, .figures(counts),
    ]

    package func run(in context: StageContext) throws {
        let sets = try context.readSets()
        var answers = try acceptedAnswers(in: context)
        let task = try context.readTask()
        var counts: [String: JSON] = [:]
        let referenced = RowSets(
            sets: sets.sets.map { name, rows -> (name: String, rows: [Row]) in
                var count = LabelCount()
                let labelled = rows.map { row -> Row in
                    let accepted = row.isUnlabelled ? answers.removeValue(forKey: row.id) : nil
                    let judged = reference(of: row, among: accepted ?? [], task)
                    count.add(row, isJudged: judged != nil)
                    return judged ?? row
                }
                counts[name] = count.json
                return (name, labelled)
            })
        let known = Set(sets.sets.flatMap { $0.rows.map(\.id) })
        if let id = answers.keys.filter({ !known.contains($0) }).min() {
            throw StageFailure("a judge accepted an answer to the row '\(id)', which the data do not have")
        }
        try context.write(referenced)
        try context.copy(DataFiles.functions.name, from: "data")
        try context.write(context.readTaskDescription())
        try context.write(["sets": .object(counts)], to: Self.counts)
    }

    /// By row, in the judge's order.
    private func acceptedAnswers(in context: StageContext) throws -> [String: [String]] {
        var answers: [String: [String]] = [:]
        for input in context.numberedInputs("judged") {
            for accepted in try context.read(Judge.accepted, from: input) {
                answers[accepted.row, default: []].append(accepted.response)
            }
        }
        return answers
    }

    /// The row with the first accepted answer that can be learned; `nil` where there is none.
    private func reference(of row: Row, among responses: [String], _ task: any AnswerTask) -> Row? {
        for response in responses {
            guard case .success(let given) = answer.answer(in: response) else { continue }
            if let labelled = try? task.labelled(row, by: given) { return labelled }
        }
        return nil
    }
}

/// How many rows of a set say what is right, and since when.
private struct LabelCount {
    private var labelled = 0
    private var judged = 0
    private var unlabelled = 0

    mutating func add(_ row: Row, isJudged: Bool) {
        if isJudged {
            judged += 1
        } else if row.isUnlabelled {
            unlabelled += 1
        } else {
            labelled += 1
        }
    }

    var json: JSON { ["labelled": .count(labelled), "judged": .count(judged), "unlabelled": .count(unlabelled)] }
}
