import Declarations
import Diagnostics
import Kinds
import Words

/// `task`: what a model does with the rows.
package struct TaskSection: Sendable {
    /// The parameters of `data.ingest` that say it.
    package let rows: DataIngest
    /// The source of the schema, where it stands in no recipe.
    package let schemaSource: Spanned<String>?
    /// The reasoning that a rule makes; `nil` where nobody says it.
    package let reasoning: Spanned<ReasoningForm>?

    package var kind: Spanned<TaskKind> { rows.$task }

    enum Definition {
        static let schema = RawField(
            "schema", .either([.text, .named(.anything)]),
            "The JSON Schema of what is extracted: a mapping, or the source of a file; what all rows have where left out."
        )
        static let mapping = MappingDefinition(
            "task", "What a model does with the rows; `task: classify` is short for `task: {kind: classify}`.",
            DataIngest.fields(of: "task") + [schema, Field<ReasoningForm>.reasoning])
        static let field = RawField(
            "task", .either([.choice(TaskKind.allCases.map(\.spelling)), .mapping(mapping)]), standard: "`calls`",
            mapping.documentation)
    }

    init(reading recipe: Fields, references: References) {
        var rows = DataIngest.standard
        guard let entry = recipe.entry(Definition.field.name), let node = recipe.node(entry.name) else {
            rows.$task = recipe.standard(Definition.field.name, .calls)
            (self.rows, schemaSource, reasoning) = (rows, nil, nil)
            return
        }
        guard let entries = node.mapping else {
            let place = FieldPlace(field: recipe.fullName(of: entry.name), findings: recipe.findings)
            rows.$task = Spanned(readWord(node, place) ?? .calls, at: node.span, field: place.field)
            (self.rows, schemaSource, reasoning) = (rows, nil, nil)
            return
        }
        let fields = Fields(
            Definition.mapping, path: recipe.fullName(of: entry.name), anchor: entry.key.span, entries: entries,
            findings: recipe.findings)
        if fields.node("kind") == nil {
            fields.report(.missingField("kind", in: fields.owner, at: fields.anchor, help: "add 'kind: classify'"))
        }
        rows.read(fields, of: "task")
        schemaSource = Self.readSchema(fields, references, into: &rows)
        self.rows = rows
        reasoning = fields.written(Field<ReasoningForm>.reasoning)
        check(fields)
    }

    /// A mapping is the schema itself; a single value names its source.
    private static func readSchema(_ fields: Fields, _ references: References, into rows: inout DataIngest) -> Spanned<String>?
    {
        guard let node = fields.node(Definition.schema.name) else { return nil }
        if node.scalar == nil {
            let field = Field<String>.schema(Definition.schema.name, Definition.schema.definition.documentation)
            rows.$schema = fields.written(field).map { $0.map(Optional.some) } ?? rows.$schema
            return nil
        }
        return fields.reference(.text(Definition.schema.name, ""), among: references)
    }

    /// Fields that another kind of task has.
    private func check(_ fields: Fields) {
        if let labels = rows.labels, labels.isEmpty { fields.report(.emptyList("task.labels", at: rows.$labels.span)) }
        guard kind.isWritten else { return }
        let owners: [(name: String, owner: TaskKind)] = [
            ("labels", .classify), ("schema", .extract), ("answer", .text), ("negatives", .rank), ("reasoning", .calls),
        ]
        for (name, owner) in owners where kind.value != owner {
            guard let entry = fields.entry(name), fields.node(name) != nil else { continue }
            fields.report(
                .wrongTask, "the task '\(kind.value.rawValue)' has no '\(name)'", at: entry.key.span,
                secondary: kind.isWritten ? [.init(kind.span)] : [],
                help: "leave '\(name)' out, or write 'kind: \(owner.rawValue)'")
        }
    }
}
