import CanonicalJSON
import Diagnostics
import SpannedYAML

/// A parameter of a family, and what its members may call it.
struct FamilyParameter {
    /// What templates call it.
    let name: String
    let schema: JSON
    /// At least one.
    let names: [String]
    let span: SourceSpan

    /// The parameters of one set, sorted by name.
    ///
    /// - Parameter earlier: those of the sets before, which a parameter of the same name must be like.
    static func set(
        _ entries: [Node.Entry], words: [String: [String]], _ earlier: inout [String: FamilyParameter],
        _ findings: inout [Diagnostic]
    ) -> [FamilyParameter] {
        var owners: [String: String] = [:]
        var parameters: [FamilyParameter] = []
        for entry in entries {
            let parameter = FamilyParameter(entry, &findings)
            if words[entry.name] != nil {
                findings.report(
                    "duplicate-argument", "the parameter '\(entry.name)' is called like a word of the family",
                    at: entry.key.span, help: "a gap {\(entry.name)} must be one of the two: call the parameter otherwise")
            }
            if let first = earlier[entry.name], !parameter.isLike(first) {
                findings.report(
                    "duplicate-argument", "the parameter '\(entry.name)' has another type or 'enum' here",
                    at: entry.key.span,
                    secondary: [.init(first.span, "first defined here")],
                    help: "templates cannot tell the two apart: rename one")
            }
            for name in parameter.names {
                if let owner = owners.updateValue(entry.name, forKey: name), owner != entry.name {
                    findings.report(
                        "duplicate-argument", "'\(owner)' and '\(entry.name)' may both be called '\(name)'",
                        at: entry.key.span, help: "parameters of one function need names of their own")
                }
            }
            earlier[entry.name] = earlier[entry.name] ?? parameter
            parameters.append(parameter)
        }
        return parameters.sorted { $0.name < $1.name }
    }

    private init(_ entry: Node.Entry, _ findings: inout [Diagnostic]) {
        name = entry.name
        span = entry.key.span
        schema = ParameterSchema.read(entry, fields: ParameterSchema.fields + ["names"], &findings)
        guard let list = entry.value["names"] else {
            names = [entry.name]
            return
        }
        let written = (list.sequence ?? [list]).compactMap(\.scalar?.text).filter { !$0.isEmpty }
        if written.isEmpty || written.count != (list.sequence ?? [list]).count {
            findings.append(.expected("a list of words", for: "'names'", found: list))
        }
        names = written.isEmpty ? [entry.name] : written
    }

    /// Whether templates may take one for the other.
    private func isLike(_ other: FamilyParameter) -> Bool {
        ["type", "enum", "items"].allSatisfy { schema[$0] == other.schema[$0] }
    }
}

/// Reads the templates of a family. A member uses those that state exactly its parameters.
struct FamilyTemplates {
    let family: FunctionFamily
    let slots: [String: Slot]

    /// A group for each member.
    func groups(_ node: Node, _ findings: inout [Diagnostic]) -> [TemplateLibrary.Group] {
        guard let items = node.sequence else {
            findings.append(.expected("a list of sentences", for: "'\(family.name)'", found: node))
            return []
        }
        let reader = TemplateReader(slots: slots, function: family.definition, words: Set(family.words.keys))
        var templates: [Set<String>: [UtteranceTemplate]] = [:]
        for (index, item) in items.enumerated() {
            let earlier = findings.errors
            guard let template = reader.read(item, name: "\(family.name)/\(index)", &findings), findings.errors == earlier
            else { continue }
            check(template, item, &findings)
            templates[template.arguments, default: []].append(template)
        }
        if !findings.hasErrors { checkEverySetIsStated(templates, node, &findings) }
        return family.members.map { member in
            let parameters = Set(member.parameters.keys)
            return TemplateLibrary.Group(
                function: member.function.name, templates: templates[parameters] ?? [],
                repertoire: "\(family.name)(\(parameters.sorted().joined(separator: ", ")))", member: member)
        }
    }

    private func check(_ template: UtteranceTemplate, _ node: Node, _ findings: inout [Diagnostic]) {
        let said = template.words
        for (word, choices) in family.words.sorted(by: { $0.key < $1.key }) where choices.count > 1 && !said.contains(word) {
            findings.report(
                "missing-word",
                "the template does not say '\(word)', so that it means many functions of '\(family.name)'",
                at: node.span, help: "add {\(word)}")
        }
        guard !family.parameterSets.contains(template.arguments) else { return }
        let stated = template.arguments.isEmpty ? "no parameters" : "just \(Self.quoted(template.arguments))"
        findings.report(
            "unused-template", "no function of '\(family.name)' has \(stated)", at: node.span,
            help: "there are: " + Set(family.parameterSets.map(Self.quoted)).sorted().joined(separator: "; "))
    }

    private func checkEverySetIsStated(
        _ templates: [Set<String>: [UtteranceTemplate]], _ node: Node, _ findings: inout [Diagnostic]
    ) {
        for set in Set(family.parameterSets).subtracting(templates.keys).sorted(by: { Self.quoted($0) < Self.quoted($1) }) {
            let help = set.isEmpty ? "without arguments" : "with " + set.sorted().map { "{\($0)}" }.joined(separator: " and ")
            findings.report(
                "missing-template",
                "'\(family.name)' has functions with \(Self.quoted(set)), and no template for them",
                at: node.span, help: "add one \(help)")
        }
    }

    private static func quoted(_ names: Set<String>) -> String {
        names.isEmpty ? "no parameters" : names.sorted().map { "'\($0)'" }.joined(separator: ", ")
    }
}
