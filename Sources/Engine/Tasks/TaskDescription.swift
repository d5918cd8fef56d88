import CanonicalJSON
import Words

/// What the rows of a data artifact are for: the file `task.json`. Without the file, rows want calls.
package struct TaskDescription: Hashable, Sendable {
    package var kind: TaskKind
    /// A text that every prompt shows before the query.
    package var instructions: String
    /// The labels of `classify`, in the order in which prompts list them.
    package var labels: [String]
    /// Of `extract`.
    package var schema: ObjectSchema?
    /// How a text is compared.
    package var reading: ReplyReading
    /// Questions with their answers, which every prompt shows before the row's own examples.
    package var examples: [RowBackground.Example]
    /// The reasoning that a rule makes from a row of `calls`.
    package var reasoning: ReasoningForm

    package init(
        _ kind: TaskKind, instructions: String = "", labels: [String] = [], schema: ObjectSchema? = nil,
        reading: ReplyReading = .text, examples: [RowBackground.Example] = [], reasoning: ReasoningForm = .worked
    ) {
        (self.kind, self.instructions, self.labels) = (kind, instructions, labels)
        (self.schema, self.reading, self.examples, self.reasoning) = (schema, reading, examples, reasoning)
    }

    package static let calls = TaskDescription(.calls)

    /// - Parameter functions: definitions by name.
    package func task(functions: [String: FunctionDefinition]) throws(RowError) -> any AnswerTask {
        let guidance = Guidance(instructions, examples: examples)
        switch kind {
        case .calls: return CallTask(functions: functions, guidance, reasoning: reasoning)
        case .classify: return ClassifyTask(labels: labels, guidance)
        case .extract:
            guard let schema else { throw RowError("the task 'extract' has no schema") }
            return ExtractTask(schema: schema, guidance)
        case .text: return TextTask(reading: reading, guidance)
        case .choice: return ChoiceTask(guidance)
        case .rank: return RankTask(guidance)
        }
    }
}

extension TaskDescription {
    package init(json: JSON) throws(RowError) {
        guard let word = json["kind"]?.string, let kind = TaskKind(rawValue: word) else {
            throw RowError("'kind' names no task")
        }
        var reading = ReplyReading.text
        if let word = json["answer"]?.string {
            guard let known = ReplyReading(rawValue: word) else { throw RowError("'answer' is '\(word)'") }
            reading = known
        }
        var reasoning = ReasoningForm.worked
        if let word = json["reasoning"]?.string {
            guard let known = ReasoningForm(rawValue: word) else { throw RowError("'reasoning' is '\(word)'") }
            reasoning = known
        }
        self.init(
            kind, instructions: json["instructions"]?.string ?? "",
            labels: (json["labels"]?.array ?? []).compactMap(\.string),
            schema: try json["schema"].map { schema throws(RowError) in try ObjectSchema(json: schema) }, reading: reading,
            examples: (json["examples"]?.array ?? []).map(RowBackground.Example.init(json:)), reasoning: reasoning)
    }

    /// Members that say nothing are left out.
    package var json: JSON {
        var members: [String: JSON] = ["kind": .string(kind.rawValue)]
        if !instructions.isEmpty { members["instructions"] = .string(instructions) }
        if !labels.isEmpty { members["labels"] = .array(labels.map(JSON.string)) }
        if let schema { members["schema"] = schema.json }
        if reading != .text { members["answer"] = .string(reading.rawValue) }
        if reasoning != .worked { members["reasoning"] = .string(reasoning.rawValue) }
        if !examples.isEmpty { members["examples"] = .array(examples.map(\.json)) }
        return .object(members)
    }
}
