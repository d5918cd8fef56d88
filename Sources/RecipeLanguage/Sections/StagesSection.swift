import Diagnostics
import SpannedYAML

/// A stage of the recipe's own, under `stages`.
package struct NamedStage: Sendable {
    package enum Content: Sendable {
        case exec(ExecSection)
        /// Any other kind; the planner knows its parameters.
        case kind(Spanned<String>, parameters: Node?)
    }

    /// An input's name in the stage, and the source or stage that it is.
    package struct Input: Sendable {
        package let name: String
        package let reference: Spanned<String>
    }

    package let name: Spanned<String>
    /// Where the stage is written.
    package let span: SourceSpan
    package let content: Content
    /// In the order of writing.
    package let inputs: [Input]

    enum Definition {
        static let kind = Field.text("kind", default: "exec", "The stage kind; docs/stage-kinds.md lists them.")
        static let inputs = RawField(
            "inputs", .named(.text),
            "Input names, each with a source, a stage of `stages`, or a generated stage such as `student.kd`.")
        static let parameters = RawField("parameters", .named(.anything), "The parameters of a kind other than `exec`.")
        static let mapping = MappingDefinition(
            "stages.NAME", "Stages of the recipe's own: any kind, mixed freely with generated ones.",
            [kind, inputs, parameters] + ExecSection.Definition.fields)
        static let field = RawField("stages", .named(.mapping(mapping)), mapping.documentation)
    }

    static func list(reading recipe: Fields) -> [NamedStage] {
        recipe.named(Definition.field, Definition.mapping).map { NamedStage(name: $0.name, reading: $0.fields) }
    }

    private init(name: Spanned<String>, reading fields: Fields) {
        self.name = name
        span = fields.anchor
        if !name.value.isPlainName || name.value == "report" {
            fields.report(
                Diagnostic(
                    .badName, "'\(Diagnostic.shortened(name.value))' cannot name a stage", at: name.span,
                    help: "use letters, digits, '-' and '_'; 'report' is taken"))
        }
        inputs = Self.inputs(fields)
        let kind = fields[Definition.kind]
        if kind.value == "exec" {
            content = .exec(ExecSection(reading: fields))
            if let entry = fields.entry("parameters") {
                fields.report(
                    Diagnostic(
                        .conflict, "a stage of kind 'exec' has no 'parameters'", at: entry.key.span,
                        help: "write 'command', 'environment' and 'outputs' instead"))
            }
        } else {
            content = .kind(kind, parameters: fields.node("parameters"))
            for field in ExecSection.Definition.fields {
                guard let entry = fields.entry(field.definition.name) else { continue }
                fields.report(
                    Diagnostic(
                        .conflict, "'\(entry.name)' belongs to the kind 'exec'", at: entry.key.span,
                        secondary: [.init(kind.span)],
                        help: "write 'kind: exec', or put it under 'parameters'"))
            }
        }
    }

    private static func inputs(_ fields: Fields) -> [Input] {
        guard let node = fields.node("inputs") else { return [] }
        guard let entries = node.mapping else {
            fields.report(.wrongType(fields.fullName(of: "inputs"), wants: "a mapping such as {data: data}", found: node))
            return []
        }
        return entries.compactMap { entry in
            let path = fields.fullName(of: "inputs.\(entry.name)")
            if !entry.name.isPlainName {
                fields.report(
                    Diagnostic(
                        .badName, "'\(Diagnostic.shortened(entry.name))' cannot name an input", at: entry.key.span,
                        help: "use letters, digits, '-' and '_'"))
            }
            guard let text = entry.value.scalar?.text, !entry.value.isNull else {
                fields.report(.wrongType(path, wants: "the name of a source or stage", found: entry.value))
                return nil
            }
            return Input(name: entry.name, reference: Spanned(text, at: entry.value.span, field: path))
        }
    }
}

/// A stage of kind `exec`: a command of the user's own.
package struct ExecSection: Sendable {
    package let command: Spanned<[String]>
    package let environment: [(name: String, value: Spanned<String>)]
    package let outputs: Spanned<[Spanned<String>]>
    /// Seconds.
    package let timeLimit: Spanned<Double>
    /// Bytes; 0 sets no limit.
    package let memory: Spanned<Int>

    enum Definition {
        static let command = RawField(
            "command", .either([.text, .list(.text)]), "The program and its arguments as a list, or a line for the shell.")
        static let environment = RawField("environment", .named(.text), "All that the command sees of an environment.")
        static let outputs = Field<[Spanned<String>]>.words(
            "outputs", "What the command makes below `outputs/`: files and folders.")
        static let timeLimit = Field.duration("time_limit", 3600, in: 1...604_800, "When the command is ended.")
        static let memory = Field.bytes("memory", 0, in: 0...(1 << 46), "Address space of the command; 0 sets no limit.")
        static let fields: [any DefinedField] = [command, environment, outputs, timeLimit, memory]
    }

    init(reading fields: Fields) {
        command = Self.command(fields)
        environment = Self.environment(fields)
        outputs = fields[Definition.outputs]
        timeLimit = fields[Definition.timeLimit]
        memory = fields[Definition.memory]
        if outputs.value.isEmpty {
            fields.report(
                .missingField(
                    "outputs", in: fields.owner, at: fields.anchor, help: "name what the command makes: 'outputs: [FILE]'"))
        }
        for output in outputs.value where !Self.isInside(output.value) {
            fields.report(
                Diagnostic(
                    .badName, "'\(Diagnostic.shortened(output.value))' is no path below the outputs", at: output.span,
                    help: "write a relative path without '..', such as model.safetensors"))
        }
    }

    private static func command(_ fields: Fields) -> Spanned<[String]> {
        let field = fields.fullName(of: "command")
        guard let node = fields.node("command") else {
            fields.report(
                .missingField("command", in: fields.owner, at: fields.anchor, help: "add 'command: [PROGRAM, ARGUMENT, …]'"))
            return fields.standard("command", [])
        }
        if let line = node.scalar?.text { return Spanned(["/bin/sh", "-c", line], at: node.span, field: field) }
        let words = (node.sequence ?? []).compactMap { $0.isNull ? nil : $0.scalar?.text }
        if words.isEmpty || words.count != node.sequence?.count {
            fields.report(.wrongType(field, wants: "a list of words such as [python3, inputs/script/train.py]", found: node))
        }
        return Spanned(words, at: node.span, field: field)
    }

    private static func environment(_ fields: Fields) -> [(name: String, value: Spanned<String>)] {
        guard let node = fields.node("environment") else { return [] }
        guard let entries = node.mapping else {
            fields.report(.wrongType(fields.fullName(of: "environment"), wants: "a mapping such as {NAME: value}", found: node))
            return []
        }
        return entries.compactMap { entry in
            let path = fields.fullName(of: "environment.\(entry.name)")
            if entry.name.isEmpty || entry.name.contains("=") || entry.name.utf8.contains(0) {
                fields.report(
                    Diagnostic(
                        .badName, "'\(Diagnostic.shortened(entry.name))' cannot name a variable", at: entry.key.span,
                        help: "use letters, digits and '_'"))
            }
            guard let text = entry.value.scalar?.text else {
                fields.report(.wrongType(path, wants: "a single value", found: entry.value))
                return nil
            }
            return (entry.name, Spanned(text, at: entry.value.span, field: path))
        }
    }

    private static func isInside(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return path.utf8.count <= 1024 && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.hasPrefix(".git") }
    }
}
