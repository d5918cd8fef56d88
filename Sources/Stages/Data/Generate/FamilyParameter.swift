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
                findings.append(
                    Diagnostic(
                        code: "duplicate-argument", "the parameter '\(entry.name)' is called like a word of the family",
                        at: entry.key.span, help: "a gap {\(entry.name)} must be one of the two: call the parameter otherwise"))
            }
            if let first = earlier[entry.name], !parameter.isLike(first) {
                findings.append(
                    Diagnostic(
                        code: "duplicate-argument", "the parameter '\(entry.name)' has another type or 'enum' here",
                        at: entry.key.span,
                        secondary: [.init(first.span, "first defined here")],
                        help: "templates cannot tell the two apart: rename one"))
            }
            for name in parameter.names {
                if let owner = owners.updateValue(entry.name, forKey: name), owner != entry.name {
                    findings.append(
                        Diagnostic(
                            code: "duplicate-argument", "'\(owner)' and '\(entry.name)' may both be called '\(name)'",
                            at: entry.key.span, help: "parameters of one function need names of their own"))
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
        schema = FunctionsReader.schema(of: entry, &findings)
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
        schema["type"] == other.schema["type"] && schema["enum"] == other.schema["enum"]
    }
}
