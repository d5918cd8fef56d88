import BuildModel
import CanonicalJSON
import Engine
import Kinds
import Words

extension DataParaphrase: QuestioningStage {
    private static let paraphrases = File<[JSON]>("paraphrases.jsonl")
    private static let summary = File<JSON>("summary.json")
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets, .file(paraphrases), .figures(summary),
        .file(StageContext.exchanges, isOptional: true),
    ]

    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        var sets = try context.readSets()
        let training = try context.read(DataFiles.train, from: "data").filter { !$0.isPassage }
        var model = ParaphrasingModel(kind: self, context: context)

        var found = try zip(training, model.paraphrases(of: training.map(\.query))).flatMap { row, replies in
            let words = ProtectedWords(of: row, functions: functions)
            return replies.map { Paraphrase(of: row, reply: $0, keeping: words) }
        }
        var known = Set(sets.queries.map(\.questionIdentity))
        for index in found.indices { found[index].rejectIfKnown(&known) }
        if judge { try reject(&found, asking: &model) }

        let kept = found.filter { $0.reason == nil }
        sets.sets = sets.sets.map { name, rows in (name, name == RowSets.training ? rows + Self.rows(kept) : rows) }
        try context.write(sets)
        try context.write(FunctionPool(functions.values), to: DataFiles.functions)
        try context.write(context.readTaskDescription())
        try context.write(found.map(\.json), to: Self.paraphrases)
        try context.write(Self.summary(of: found), to: Self.summary)
        if endpoint != nil { try context.write(exchanges: model.exchanges) }
    }

    package func questions(in context: StageContext) throws -> [ChatQuestion] {
        guard endpoint != nil else { return [] }
        let training = try context.read(DataFiles.train, from: "data").filter { !$0.isPassage }
        return ParaphrasingModel(kind: self, context: context).chatQuestions(training.map(\.query))
    }

    /// Asks about those that nothing speaks against yet.
    private func reject(_ found: inout [Paraphrase], asking model: inout ParaphrasingModel) throws {
        let open = found.indices.filter { found[$0].reason == nil }
        let verdicts = try model.verdicts(on: open.map { (found[$0].row.query, found[$0].text) })
        for (index, verdict) in zip(open, verdicts) where verdict != .yes {
            found[index].reason = verdict == .no ? "the model says that it asks for something else" : "verdict not understood"
        }
    }

    /// Copies of the rows with other questions, numbered by row.
    private static func rows(_ kept: [Paraphrase]) -> [Row] {
        var counts: [String: Int] = [:]
        return kept.map { paraphrase in
            counts[paraphrase.row.id, default: 0] += 1
            var row = paraphrase.row
            row.id += "~said-\(counts[row.id] ?? 0)"
            row.query = paraphrase.text
            return row
        }
    }

    /// `{"kept": 12, "rejected": {reason: 3}}`
    private static func summary(of found: [Paraphrase]) -> JSON {
        var reasons: [String: Int] = [:]
        for reason in found.compactMap(\.reason) { reasons[reason.prefix { $0 != "'" }.trimmingSuffix(" "), default: 0] += 1 }
        return [
            "kept": .count(found.count { $0.reason == nil }),
            "rejected": .object(reasons.mapValues { .count($0) }),
        ]
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        String(hasSuffix(suffix) ? dropLast(suffix.count) : self)
    }
}
