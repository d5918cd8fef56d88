import Diagnostics
import SpannedYAML

/// The fields of one mapping of the recipe, read by name with a default for each.
///
/// A wrong value is reported and replaced by the default, so that reading goes on.
struct Fields {
    /// Dotted; empty at the top.
    let path: String
    /// What messages call the mapping: `'prune'`, `the recipe`.
    let owner: String
    /// Where the mapping is written, or what stands around it.
    let anchor: SourceSpan
    let entries: [Node.Entry]
    let findings: Findings

    /// Reports fields that are not known. Those of `later` belong to the language without being available yet.
    init(
        path: String, owner: String? = nil, anchor: SourceSpan, entries: [Node.Entry], known: [String], later: [String] = [],
        findings: Findings
    ) {
        self.path = path
        self.owner = owner ?? "'\(path)'"
        self.anchor = anchor
        self.entries = entries
        self.findings = findings
        for entry in entries where !known.contains(entry.name) {
            if later.contains(entry.name) {
                findings.report(.notYetAvailable(entry.name, instead: known, at: entry.key.span))
            } else {
                findings.report(.unknownField(entry.name, in: self.owner, among: known, at: entry.key.span))
            }
        }
    }

    func fullName(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func entry(_ name: String) -> Node.Entry? { entries.first { $0.name == name } }

    /// A field's value; `nil` where it is left out.
    func node(_ name: String) -> Node? {
        guard let value = entry(name)?.value, !value.isNull else { return nil }
        return value
    }

    /// A mapping below this one. One that is left out, or is no mapping, is read as an empty one.
    func section(_ name: String, known: [String], later: [String] = []) -> Fields {
        let field = fullName(of: name)
        var entries: [Node.Entry] = []
        if let value = node(name) {
            if let mapping = value.mapping {
                entries = mapping
            } else {
                findings.report(.wrongType(field, wants: "a mapping such as {\(known[0]): …}", found: value))
            }
        }
        return Fields(
            path: field, anchor: entry(name)?.key.span ?? anchor, entries: entries, known: known, later: later,
            findings: findings)
    }

    /// A mapping that may be left out or be `none`: `nil` then.
    func optionalSection(_ name: String, known: [String], later: [String] = []) -> Fields? {
        guard let value = node(name), value.scalar?.text != "none" else { return nil }
        return section(name, known: known, later: later)
    }

    func standard<Value>(_ name: String, _ value: Value) -> Spanned<Value> {
        Spanned(value, at: entry(name)?.key.span ?? anchor, field: fullName(of: name), isWritten: false)
    }

    func report(_ diagnostic: @autoclosure () -> Diagnostic) { findings.report(diagnostic()) }
}
