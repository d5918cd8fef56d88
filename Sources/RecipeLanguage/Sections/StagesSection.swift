import Declarations
import Diagnostics
import Kinds

/// A stage of the recipe's own, under `stages`.
package struct NamedStage: Sendable {
    /// An input's name in the stage, and the source or stage that it is.
    package struct Input: Sendable {
        package let name: String
        package let reference: Spanned<String>
    }

    package let name: Spanned<String>
    /// Where the stage is written.
    package let span: SourceSpan
    /// The kind with its parameters.
    package let kind: any StageKind
    /// In the order of writing.
    package let inputs: [Input]
    /// The inputs' names in the order of the kind's; those of a kind that reads any, sorted.
    package let inputOrder: [String]

    enum Definition {
        static let kind = Field.text("kind", default: "exec", "The stage kind; docs/stage-kinds.md lists them.")
        static let inputs = RawField(
            "inputs", .named(.text),
            "Input names, each with a source, a stage of `stages`, or a generated stage such as `student.kd`.")
        static let parameters = RawField("parameters", .named(.anything), "The parameters of a kind other than `exec`.")
        static let mapping = MappingDefinition(
            "stages.NAME", "Stages of the recipe's own: any kind, mixed freely with generated ones.",
            [kind, inputs, parameters] + Exec.Definition.fields)
        static let field = RawField("stages", .named(.mapping(mapping)), mapping.documentation)
    }

    static func list(reading recipe: Fields, references: References) -> [NamedStage] {
        recipe.named(Definition.field, Definition.mapping).map {
            NamedStage(name: $0.name, reading: $0.fields, kinds: references.kinds)
        }
    }

    private init(name: Spanned<String>, reading fields: Fields, kinds: KindCatalogue) {
        self.name = name
        span = fields.anchor
        if !name.value.isPlainName || name.value == "report" {
            fields.report(
                .badName, "'\(Diagnostic.shortened(name.value))' cannot name a stage", at: name.span,
                help: "use letters, digits, '-' and '_'; 'report' is taken")
        }
        let word = fields[Definition.kind]
        inputs = Self.inputs(fields)
        if word.value == Exec.name {
            kind = Exec(reading: fields)
            if let entry = fields.entry("parameters") {
                fields.report(
                    .conflict, "a stage of kind 'exec' has no 'parameters'", at: entry.key.span,
                    help: "write 'command', 'environment' and 'outputs' instead")
            }
            inputOrder = inputs.map(\.name).sorted()
            return
        }
        for field in Exec.Definition.fields {
            guard let entry = fields.entry(field.definition.name) else { continue }
            fields.report(
                .conflict, "'\(entry.name)' belongs to the kind 'exec'", at: entry.key.span, secondary: [.init(word.span)],
                help: "write 'kind: exec', or put it under 'parameters'")
        }
        guard let type = kinds.ownKinds.first(where: { $0.name == word.value }) else {
            fields.report(
                .unknown(
                    .unknownKind, "there is no stage kind '\(Diagnostic.shortened(word.value))'", word.value,
                    among: kinds.ownKinds.map { $0.name }, at: word.span))
            kind = Exec.standard
            inputOrder = []
            return
        }
        kind = Self.kind(type, name, fields)
        inputOrder = Self.ordered(inputs, of: type, name, fields)
    }

    /// The parameters of any kind, each read by its declaration.
    private static func kind<Kind: StageKind>(_ type: Kind.Type, _ name: Spanned<String>, _ fields: Fields) -> any StageKind {
        var kind = Kind.standard
        let node = fields.node("parameters")
        if let node, node.mapping == nil {
            fields.report(.wrongType("\(name.field).parameters", wants: "a mapping of parameters", found: node))
            return kind
        }
        kind.read(
            own: Fields(
                Kind.mapping(Kind.name, ""), path: "\(name.field).parameters", owner: "'\(Kind.name)'",
                anchor: node?.span ?? name.span, entries: node?.mapping ?? [], findings: fields.findings))
        kind.settle()
        return kind
    }

    /// The inputs in the kind's order; those that are missing, or not the kind's, are reported.
    private static func ordered(
        _ inputs: [Input], of kind: any StageKind.Type, _ name: Spanned<String>, _ fields: Fields
    ) -> [String] {
        for input in inputs where !kind.inputs.contains(where: { $0.admits(input.name) }) {
            fields.report(
                .unknown(
                    .unknownInput, "'\(kind.name)' reads no input '\(input.name)'", input.name, among: kind.inputs.map(\.name),
                    at: input.reference.span))
        }
        for declared in kind.inputs
        where declared.presence == .required && !inputs.contains(where: { $0.name == declared.name }) {
            fields.report(
                .missingInput, "'\(kind.name)' needs the input '\(declared.name)'", at: name.span,
                help: "add '\(declared.name): STAGE' to 'inputs'")
        }
        return kind.inputs.flatMap { declared in
            inputs.map(\.name).filter(declared.admits).sorted { ($0.count, $0) < ($1.count, $1) }
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
                    .badName, "'\(Diagnostic.shortened(entry.name))' cannot name an input", at: entry.key.span,
                    help: "use letters, digits, '-' and '_'")
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
extension Exec {
    enum Definition {
        static let command = RawField(
            "command", .either([.text, .list(.text)]), "The program and its arguments as a list, or a line for the shell.")
        static let environment = RawField("environment", .named(.text), "All that the command sees of an environment.")
        static let outputs = Field<[Spanned<String>]>.words(
            "outputs", "What the command makes below `outputs/`: files and folders.")
        static let fields: [any DefinedField] = [command, environment, outputs] + Exec.fields()
    }

    fileprivate init(reading fields: Fields) {
        self = .standard
        $command = Self.command(fields)
        $environment = Self.environment(fields)
        let written = fields[Definition.outputs]
        $outputs = written.map { $0.map(\.value).sorted() }
        read(fields)
        if outputs.isEmpty {
            fields.report(
                .missingField(
                    "outputs", in: fields.owner, at: fields.anchor, help: "name what the command makes: 'outputs: [FILE]'"))
        }
        for output in written.value where !Self.isInside(output.value) {
            fields.report(
                .badName, "'\(Diagnostic.shortened(output.value))' is no path below the outputs", at: output.span,
                help: "write a relative path without '..', such as model.safetensors")
        }
    }

    /// The program and its arguments, or a line for the shell.
    static func command(_ fields: Fields) -> Spanned<[String]> {
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

    private static func environment(_ fields: Fields) -> Spanned<[String: String]> {
        let field = fields.fullName(of: "environment")
        guard let node = fields.node("environment") else { return fields.standard("environment", [:]) }
        guard let entries = node.mapping else {
            fields.report(.wrongType(field, wants: "a mapping such as {NAME: value}", found: node))
            return fields.standard("environment", [:])
        }
        var values: [String: String] = [:]
        var parts: [String: Place] = [:]
        for entry in entries {
            let path = "\(field).\(entry.name)"
            if entry.name.isEmpty || entry.name.contains("=") || entry.name.utf8.contains(0) {
                fields.report(
                    .badName, "'\(Diagnostic.shortened(entry.name))' cannot name a variable", at: entry.key.span,
                    help: "use letters, digits and '_'")
            }
            guard let text = entry.value.scalar?.text else {
                fields.report(.wrongType(path, wants: "a single value", found: entry.value))
                continue
            }
            values[entry.name] = text
            parts[entry.name] = Place(entry.value.span, field: path)
        }
        return Spanned(values, at: Place(node.span, field: field, parts: parts))
    }

    private static func isInside(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return path.utf8.count <= 1024 && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.hasPrefix(".git") }
    }
}
