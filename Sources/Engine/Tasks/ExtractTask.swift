import CanonicalJSON
import Words

/// The model gives a JSON object of what a text says.
package struct ExtractTask: AnswerTask {
    package let kind = TaskKind.extract
    package let schema: ObjectSchema
    private let guidance: Guidance

    package init(schema: ObjectSchema, _ guidance: Guidance = Guidance()) {
        (self.schema, self.guidance) = (schema, guidance)
    }

    /// The style `tools` lists the fields, for a model that has not learned them.
    package func shown(_ row: Row, in style: PromptStyle) -> Row {
        let listing = "Answer with one line of JSON, an object with those of these fields that the text has:\n" + schema.listing
        return row.guided(by: guidance, before: style == .tools ? [listing] : [])
    }

    package func choices(for row: Row) -> String { schema.listing }

    package func response(to row: Row) -> String { row.reply ?? "{}" }

    /// `ast` compares the objects' values.
    package func verdict(on answer: String, for row: Row, by rules: AnswerJudge) -> Verdict {
        if answer == row.reply { return .accepted }
        if rules == .exact { return .rejected("the answer is not the same text") }
        guard let given = Self.object(in: answer) else { return .rejected("the answer is no JSON object") }
        let wanted = Self.object(in: row.reply ?? "") ?? [:]
        for name in Set(given.keys).union(wanted.keys).sorted() where given[name] != wanted[name] {
            guard let value = given[name] else { return .rejected("'\(name)' is missing") }
            guard let right = wanted[name] else { return .rejected("'\(name)' is not asked for") }
            return .rejected("'\(name)' is \(value.canonicalText) where \(right.canonicalText) is wanted")
        }
        return .accepted
    }

    package func fault(inRight answer: String, to row: Row) -> String? {
        answer == row.reply ? nil : "the object is right, but not written as it is taught"
    }

    package func formFault(in answer: String, to row: Row) -> String? {
        guard let given = Self.object(in: answer) else { return "the answer is no JSON object" }
        return schema.fault(in: .object(given))
    }

    /// An object that is as the schema has it is worth its F1 over pairs of field and value.
    package func grade(_ response: String, to row: Row, in style: AnswerStyle, by rule: RewardRule) -> AnswerGrade? {
        guard let answer = try? style.answer(in: response).get(), let given = Self.object(in: answer),
            schema.fault(in: .object(given)) == nil
        else { return nil }
        let wanted = Self.object(in: row.reply ?? "") ?? [:]
        var fields = FieldCounts()
        fields.add(wanted: wanted, given: given)
        return AnswerGrade(whole: given == wanted ? 1 : fields.all.f1, isRight: given == wanted)
    }

    package func pattern(of row: Row) -> BytePattern? { .object(of: schema) }

    package func newScores() -> any TaskScores { FieldScores() }

    /// An object as training spells it; `nil` where a text is none.
    func taught(_ answer: String) -> String? { Self.object(in: answer).map { schema.text(of: .object($0)) } }

    /// The members of a text that is one JSON object, with canonical values.
    static func object(in text: String) -> [String: JSON]? {
        (try? JSON(parsing: text.utf8, maximumDepth: 64))?.canonical.object
    }
}

/// Counts the fields of objects.
private struct FieldScores: TaskScores {
    private var counts = AnswerCounts()
    private var fields = FieldCounts()

    mutating func add(_ answer: ScoredAnswer) {
        counts.add(answer)
        guard !answer.row.isUnlabelled else { return }
        fields.add(
            wanted: ExtractTask.object(in: answer.row.reply ?? "") ?? [:],
            given: answer.answer.flatMap(ExtractTask.object) ?? [:])
    }

    var json: JSON {
        let own: [String: JSON] = [
            "field_precision": .number(fields.all.precision), "field_recall": .number(fields.all.recall),
            "field_f1": .number(fields.all.f1),
        ]
        return .object(counts.members.merging(own) { $1 })
    }

    var confusion: JSON {
        [
            "fields": .object(
                fields.fields.mapValues { shares in
                    [
                        "rows": .count(shares.support), "precision": .number(shares.precision),
                        "recall": .number(shares.recall), "f1": .number(shares.f1),
                    ]
                })
        ]
    }
}
