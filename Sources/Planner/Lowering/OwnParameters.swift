import BuildModel
import CanonicalJSON
import Diagnostics
import RecipeLanguage
import SpannedYAML

/// The parameters and inputs that a stage of the recipe's own gives to a kind.
struct OwnParameters: Sendable {
    let stage: NamedStage
    let parameters: Node?

    /// The kind's value; `nil` where the parameters are not the kind's, which is reported.
    func value<Kind: StageKind>(of kind: Kind.Type, _ problems: inout [Diagnostic]) throws -> Kind? {
        if let parameters, parameters.mapping == nil {
            problems.append(.wrongType("\(stage.name.field).parameters", wants: "a mapping of parameters", found: parameters))
            return nil
        }
        do {
            let value = try JSON(parameters).decode(kind)
            return try hasStrangers(JSON(encoding: value), kind.name, &problems) ? nil : value
        } catch let error as DecodingError {
            problems.append(diagnostic(for: error, kind: kind.name))
            return nil
        }
    }

    /// Where each parameter is written.
    var origins: [Origin] {
        let path = "\(stage.name.field).parameters"
        return (parameters?.mapping ?? []).map { entry in
            Origin(entry.name, Spanned((), at: entry.value.span, field: "\(path).\(entry.name)"))
        }
    }

    /// The inputs in the kind's order; `nil` where one is missing or not the kind's, which is reported.
    func inputs(_ given: [Stage.Input], of kind: any StageKind.Type, _ problems: inout [Diagnostic]) -> [Stage.Input]? {
        let before = problems.count
        for input in given where !kind.inputs.contains(where: { $0.admits(input.name) }) {
            let written = stage.inputs.first { $0.name == input.name }
            problems.append(
                .unknown(
                    .unknownInput, "'\(kind.name)' reads no input '\(input.name)'", input.name, among: kind.inputs.map(\.name),
                    at: written?.reference.span ?? stage.name.span))
        }
        for declared in kind.inputs where declared.presence == .required && !given.contains(where: { $0.name == declared.name })
        {
            problems.append(
                Diagnostic(
                    .missingInput, "'\(kind.name)' needs the input '\(declared.name)'", at: stage.name.span,
                    help: "add '\(declared.name): STAGE' to 'inputs'"))
        }
        guard problems.count == before else { return nil }
        return kind.inputs.flatMap { declared in
            given.filter { declared.admits($0.name) }.sorted { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
        }
    }

    /// Fields that the kind does not read back.
    private func hasStrangers(_ known: JSON, _ kind: String, _ problems: inout [Diagnostic]) -> Bool {
        let strangers = (parameters?.mapping ?? []).filter { known[$0.name] == nil && !$0.value.isNull }
        for entry in strangers {
            problems.append(
                .unknownField(entry.name, in: "'\(kind)'", among: (known.object ?? [:]).keys.sorted(), at: entry.key.span))
        }
        return !strangers.isEmpty
    }

    private func diagnostic(for error: DecodingError, kind: String) -> Diagnostic {
        func place(_ path: [any CodingKey]) -> (node: Node?, name: String) {
            let names = path.map { $0.intValue.map(String.init) ?? $0.stringValue.snakeCased }
            var node = parameters
            for name in names { node = node?[name] ?? Int(name).flatMap { node?.sequence?[checked: $0] } }
            return (node, names.joined(separator: "."))
        }
        switch error {
        case .keyNotFound(let key, let context):
            let owner = place(context.codingPath)
            let name = (owner.name.isEmpty ? "" : owner.name + ".") + key.stringValue.snakeCased
            return .missingField(
                name, in: "'\(kind)'", at: owner.node?.span ?? stage.name.span, help: "add '\(name): …' to 'parameters'")
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            let owner = place(context.codingPath)
            return Diagnostic(
                .badParameter, "'\(owner.name)' of '\(kind)' is of another type", at: owner.node?.span ?? stage.name.span,
                help: "write \(Self.describe(type))")
        case .dataCorrupted(let context):
            let owner = place(context.codingPath)
            return Diagnostic(
                .badParameter, "'\(owner.name)' of '\(kind)' cannot have this value", at: owner.node?.span ?? stage.name.span,
                help: "docs/stage-kinds.md lists the kind's parameters")
        @unknown default:
            return Diagnostic(.badParameter, "the parameters of '\(kind)' cannot be read", at: stage.name.span)
        }
    }

    private static func describe(_ type: Any.Type) -> String {
        switch type {
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is String.Type: "a text (in quotes where it looks like a number)"
        case is Bool.Type: "true or false"
        case is [Any].Type: "a list"
        default: "a mapping"
        }
    }
}

extension JSON {
    /// A YAML value as JSON: plain numbers, percentages and truth values are what they look like, quoted ones are text.
    init(_ node: Node?) {
        switch node?.content {
        case nil: self = [:]
        case .sequence(let elements): self = .array(elements.map { JSON($0) })
        case .mapping(let entries):
            self = .object(Dictionary(entries.map { ($0.name, JSON($0.value)) }, uniquingKeysWith: { $1 }))
        case .scalar(let scalar):
            if scalar.style != .plain {
                self = .string(scalar.text)
            } else if node?.isNull == true {
                self = .null
            } else if ["true", "false"].contains(scalar.text) {
                self = .bool(scalar.text == "true")
            } else if let number = Quantity.number(scalar.text) {
                self = .number(number)
            } else {
                self = .string(scalar.text)
            }
        }
    }
}

extension Array {
    fileprivate subscript(checked index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

extension String {
    /// `heldOutValues` as parameters spell it: `held_out_values`.
    fileprivate var snakeCased: String {
        reduce(into: "") { text, letter in text += letter.isUppercase ? "_" + letter.lowercased() : String(letter) }
    }
}
