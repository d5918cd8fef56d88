import CanonicalJSON
import Diagnostics
import Engine
import SpannedYAML

/// Reads one template and checks it against the slots and the function that it calls.
///
/// `{room}` is a gap for the argument `room` with a value of the slot `room`; `{temperature:degrees}` names both.
struct TemplateReader {
    private static let fields = ["text", "arguments"]

    let slots: [String: Slot]
    /// `nil` where no function is called: gaps then name slots only.
    let function: FunctionDefinition?
    /// Gaps that each function of a family fills with a word of its own.
    var words: Set<String> = []

    /// A sentence, or `{text: sentence, arguments: {state: "off"}}`; `nil` where it cannot be read.
    func read(_ node: Node, name: String, _ findings: inout [Diagnostic]) -> UtteranceTemplate? {
        guard let textNode = textNode(of: node, &findings), let text = textNode.scalar?.text else { return nil }
        let earlier = findings.errors
        var template = UtteranceTemplate(
            name: name, pieces: pieces(of: text, textNode, &findings), fixedArguments: [:], span: textNode.span)
        if let arguments = node["arguments"], arguments.mapping == nil {
            findings.append(
                .expected("a mapping", for: "'arguments'", found: arguments, help: "write {state: \"off\"}"))
        }
        for entry in node["arguments"]?.mapping ?? [] {
            guard let schema = schema(of: entry.name, at: entry.key.span, &findings) else { continue }
            let element = schema.element
            let nodes = element == nil ? [entry.value] : entry.value.sequence ?? [entry.value]
            let values = nodes.compactMap { node -> JSON? in
                guard let text = node.scalar?.text else {
                    findings.append(.expected("a single value", for: "'\(entry.name)'", found: node))
                    return Optional.none
                }
                let written = Slot.Value(spoken: "", meaning: text, span: node.span)
                return value(written, of: entry.name, element ?? schema, usedAt: nil, &findings)
            }
            template.fixedArguments[entry.name] = element == nil ? values.first : .array(values)
        }
        if findings.errors == earlier { checkArguments(of: template, textNode, &findings) }
        return template
    }

    /// Where the sentence stands; `nil` where there is none.
    private func textNode(of node: Node, _ findings: inout [Diagnostic]) -> Node? {
        var help: String?
        if let entries = node.mapping {
            let sentence = entries.map(\.name).joined(separator: " ")
            if node["text"] == nil, entries.allSatisfy({ $0.value.isNull }) {
                help = "braces make a mapping in YAML; put the sentence in quotes: \"{\(sentence)}\""
            } else if node["text"] == nil, entries.count == 1, !Self.fields.contains(entries[0].name) {
                help = "': ' makes a mapping in YAML; put the sentence in quotes"
            } else {
                for entry in entries where !Self.fields.contains(entry.name) {
                    findings.append(.unknown("unknown-field", "field", entry.name, known: Self.fields, at: entry.key.span))
                }
            }
        }
        let textNode = node.mapping == nil ? node : node["text"]
        if let textNode, let text = textNode.scalar?.text, !text.isEmpty, !textNode.isNull { return textNode }
        findings.append(
            .expected("a sentence or {text: …, arguments: {…}}", for: "a template", found: textNode ?? node, help: help))
        return nil
    }

    private func pieces(of text: String, _ node: Node, _ findings: inout [Diagnostic]) -> [UtteranceTemplate.Piece] {
        var pieces: [UtteranceTemplate.Piece] = []
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            let brace = bytes[position...].firstIndex { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") } ?? bytes.count
            if brace > position { pieces.append(.text(String(decoding: bytes[position..<brace], as: UTF8.self))) }
            guard brace < bytes.count else { break }
            guard bytes[brace] == UInt8(ascii: "{"), let close = bytes[brace...].firstIndex(of: UInt8(ascii: "}")) else {
                findings.report(
                    "bad-template", "this brace has no partner", at: node.span(ofText: brace..<brace + 1),
                    help: "write a gap as {slot} or {argument:slot}")
                break
            }
            let name = String(decoding: bytes[brace + 1..<close], as: UTF8.self)
            if words.contains(name) {
                pieces.append(.word(name))
            } else if let gap = gap(name, at: node.span(ofText: brace..<close + 1), &findings) {
                pieces.append(.gap(gap))
            }
            position = close + 1
        }
        return pieces
    }

    /// A gap without choices where its slot has mistakes.
    private func gap(_ text: String, at span: SourceSpan, _ findings: inout [Diagnostic]) -> UtteranceTemplate.Gap? {
        let names = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (argument, slotName) = (names[0], names[names.count - 1])
        guard let slot = slots[slotName] else {
            findings.append(.unknown("unknown-slot", "slot", slotName, known: Array(slots.keys), at: span))
            return nil
        }
        guard function != nil else {
            let choices = slot.values.map { UtteranceTemplate.Choice(spoken: $0.spoken, value: .string($0.meaning)) }
            return .init(argument: nil, slot: slotName, choices: choices, mayHoldOut: slot.mayHoldOut)
        }
        guard let schema = schema(of: argument, at: span, &findings) else { return nil }
        let element = schema.element
        let choices = slot.values.compactMap { written in
            value(written, of: argument, element ?? schema, usedAt: span, &findings).map {
                UtteranceTemplate.Choice(spoken: written.spoken, value: $0)
            }
        }
        return .init(
            argument: argument, slot: slotName, choices: choices, mayHoldOut: slot.mayHoldOut, isElement: element != nil)
    }

    private func schema(of argument: String, at span: SourceSpan, _ findings: inout [Diagnostic]) -> JSON? {
        guard let function else {
            findings.report(
                "unknown-argument", "a sentence that calls nothing has no arguments", at: span, help: "leave them out")
            return nil
        }
        if let schema = function.schema(of: argument) { return schema }
        let known = function.properties.map(\.name)
        let nearest = Suggestion.nearest(to: argument, among: known).map { "did you mean '\($0)'? " } ?? ""
        findings.report(
            "unknown-argument", "'\(function.name)' has no argument '\(argument)'", at: span,
            label: "unknown argument",
            help: known.isEmpty
                ? "it has none: leave the gap out, or add the parameter to the function"
                : nearest + "write {argument:slot}; arguments of '\(function.name)': \(known.joined(separator: ", "))")
        return nil
    }

    private func value(
        _ written: Slot.Value, of argument: String, _ schema: JSON, usedAt use: SourceSpan?, _ findings: inout [Diagnostic]
    ) -> JSON? {
        // A type that cannot be read has been reported.
        guard let type = schema["type"]?.string else { return .string(written.meaning) }
        let secondary = use.map { [Diagnostic.Label($0, "used here")] } ?? []
        guard let value = JSON(argument: written.meaning, type: type) else {
            findings.reportOnce(
                "wrong-type", "'\(written.meaning)' is not of the type of '\(argument)', \(type)", at: written.span,
                secondary: secondary, help: JSON.advice(on: written.meaning, type: type) ?? "write a value of type \(type)")
            return nil
        }
        guard let allowed = schema["enum"]?.array, !allowed.contains(value) else { return value }
        let known = allowed.map { $0.string ?? $0.canonicalText }
        let nearest = Suggestion.nearest(to: written.meaning, among: known).map { "did you mean '\($0)'? " } ?? ""
        findings.reportOnce(
            "unknown-value", "'\(written.meaning)' is no value of '\(argument)'", at: written.span,
            label: "not in 'enum'",
            secondary: secondary, help: nearest + "allowed: \(known.joined(separator: ", "))")
        return nil
    }

    /// Every required argument is stated, none twice but for lists, which get an element each time.
    private func checkArguments(of template: UtteranceTemplate, _ node: Node, _ findings: inout [Diagnostic]) {
        guard let function else { return }
        var stated = Set(template.fixedArguments.keys)
        for gap in template.gaps {
            guard let argument = gap.argument, !stated.insert(argument).inserted, !gap.isElement else { continue }
            findings.report(
                "duplicate-argument", "the template states '\(argument)' twice", at: node.span, help: "state it once")
        }
        for argument in function.required where !stated.contains(argument) {
            findings.report(
                "missing-argument", "the template does not state '\(argument)', which '\(function.name)' requires",
                at: node.span, help: "add {\(argument)} or 'arguments: {\(argument): …}'")
        }
    }
}

extension JSON {
    /// The schema of a list's elements; `nil` where the schema is of no list.
    fileprivate var element: JSON? {
        guard self["type"]?.string == "array" else { return Optional.none }
        return self["items"] ?? [:]
    }
}

extension [Diagnostic] {
    /// Reports a value that several templates use, at its first use.
    fileprivate mutating func reportOnce(
        _ code: String, _ message: String, at span: SourceSpan, label: String = "", secondary: [Diagnostic.Label],
        help: String?
    ) {
        guard !contains(where: { $0.code == code && $0.primary.span == span }) else { return }
        report(code, message, at: span, label: label, secondary: secondary, help: help)
    }
}
