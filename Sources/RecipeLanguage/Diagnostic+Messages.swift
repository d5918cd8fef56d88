import Diagnostics
import SpannedYAML

/// The catalogue of messages that several readers share.
extension Diagnostic {
    static func unknownField(_ name: String, in owner: String, among known: [String], at span: SourceSpan) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known)
        return Diagnostic(
            code: "unknown-field", "\(owner) has no field '\(shortened(name))'", at: span, label: "unknown field",
            help: nearest.map { "did you mean '\($0)'?" } ?? "fields here: \(known.joined(separator: ", "))")
    }

    static func unknownValue(_ value: String, of field: String, among known: [String], at span: SourceSpan) -> Diagnostic {
        let nearest = Suggestion.nearest(to: value, among: known)
        return Diagnostic(
            code: "unknown-value", "'\(field)' cannot be '\(shortened(value))'", at: span, label: "unknown value",
            help: nearest.map { "did you mean '\($0)'?" } ?? "possible: \(known.joined(separator: ", "))")
    }

    static func unknownSource(_ name: String, among known: [String], at span: SourceSpan) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known)
        let list = known.isEmpty ? "add it under 'sources'" : "sources: \(known.prefix(20).joined(separator: ", "))"
        return Diagnostic(
            code: "unknown-source", "there is no source '\(shortened(name))'", at: span, label: "unknown source",
            help: nearest.map { "did you mean '\($0)'?" } ?? list)
    }

    static func notYetAvailable(_ what: String, instead: [String], at span: SourceSpan) -> Diagnostic {
        Diagnostic(
            code: "not-yet-available", "'\(what)' is part of the language, but not yet available", at: span,
            label: "not yet available", help: instead.isEmpty ? nil : "available: \(instead.joined(separator: ", "))")
    }

    static func missingField(_ name: String, in owner: String, at span: SourceSpan, help: String) -> Diagnostic {
        Diagnostic(code: "missing-field", "\(owner) has no '\(name)'", at: span, label: "'\(name)' is needed here", help: help)
    }

    static func wrongType(_ field: String, wants: String, found node: Node) -> Diagnostic {
        let found = node.scalar.flatMap { $0.text.isEmpty ? nil : "'\(shortened($0.text))'" } ?? node.describedKind
        return Diagnostic(
            code: "wrong-type", "'\(field)' wants \(wants), not \(found)", at: node.span, label: "expected \(wants)")
    }

    static func outOfRange(_ field: String, allowed: String, nearest: String, at span: SourceSpan) -> Diagnostic {
        Diagnostic(
            code: "out-of-range", "'\(field)' must be \(allowed)", at: span, label: "out of range",
            help: "the nearest possible value is \(nearest)")
    }

    static func emptyList(_ field: String, at span: SourceSpan) -> Diagnostic {
        Diagnostic(code: "empty-list", "'\(field)' is empty", at: span, help: "name at least one, or leave the field out")
    }

    static func repeated(_ value: String, in field: String, at span: SourceSpan, first: SourceSpan) -> Diagnostic {
        Diagnostic(
            code: "repeated-value", "'\(field)' names '\(shortened(value))' twice", at: span, label: "named again",
            secondary: [.init(first, "first named here")], help: "keep one of the two")
    }
}
