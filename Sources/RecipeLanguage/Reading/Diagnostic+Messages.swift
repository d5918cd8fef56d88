import Diagnostics
import SpannedYAML

/// The messages that several readers share.
extension Diagnostic {
    package static func unknownField(_ name: String, in owner: String, among known: [String], at span: SourceSpan) -> Diagnostic
    {
        let nearest = Suggestion.nearest(to: name, among: known)
        return Diagnostic(
            .unknownField, "\(owner) has no field '\(shortened(name))'", at: span, label: "unknown field",
            help: nearest.map { "did you mean '\($0)'?" } ?? "fields here: \(known.joined(separator: ", "))")
    }

    static func unknownValue(_ value: String, of field: String, among known: [String], at span: SourceSpan) -> Diagnostic {
        let nearest = Suggestion.nearest(to: value, among: known)
        return Diagnostic(
            .unknownValue, "'\(field)' cannot be '\(shortened(value))'", at: span, label: "unknown value",
            help: nearest.map { "did you mean '\($0)'?" } ?? "possible: \(known.joined(separator: ", "))")
    }

    static func unknownSource(_ name: String, among known: [String], at span: SourceSpan) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known)
        let list = known.isEmpty ? "add it under 'sources'" : "there are: \(known.prefix(20).joined(separator: ", "))"
        return Diagnostic(
            .unknownSource, "there is no source or stage '\(shortened(name))'", at: span, label: "unknown",
            help: nearest.map { "did you mean '\($0)'?" } ?? list)
    }

    /// A name among others that are known.
    package static func unknown(
        _ problem: Problem, _ message: String, _ name: String, among known: [String], at span: SourceSpan
    ) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known)
        return Diagnostic(
            problem, message, at: span, label: "unknown",
            help: nearest.map { "did you mean '\($0)'?" } ?? "there are: \(known.prefix(40).joined(separator: ", "))")
    }

    package static func missingField(_ name: String, in owner: String, at span: SourceSpan, help: String) -> Diagnostic {
        Diagnostic(.missingField, "\(owner) has no '\(name)'", at: span, label: "'\(name)' is needed here", help: help)
    }

    package static func wrongType(_ field: String, wants: String, found node: Node) -> Diagnostic {
        let found = node.scalar.flatMap { $0.text.isEmpty ? nil : "'\(shortened($0.text))'" } ?? node.describedKind
        return Diagnostic(.wrongType, "'\(field)' wants \(wants), not \(found)", at: node.span, label: "expected \(wants)")
    }

    static func outOfRange(_ field: String, allowed: String, nearest: String, at span: SourceSpan) -> Diagnostic {
        Diagnostic(
            .outOfRange, "'\(field)' must be \(allowed)", at: span, label: "out of range",
            help: "the nearest possible value is \(nearest)")
    }

    static func emptyList(_ field: String, at span: SourceSpan) -> Diagnostic {
        Diagnostic(.emptyList, "'\(field)' is empty", at: span, help: "name at least one, or leave the field out")
    }

    static func repeated(_ value: String, in field: String, at span: SourceSpan, first: SourceSpan) -> Diagnostic {
        Diagnostic(
            .repeatedValue, "'\(field)' names '\(shortened(value))' twice", at: span, label: "named again",
            secondary: [.init(first, "first named here")], help: "keep one of the two")
    }
}
