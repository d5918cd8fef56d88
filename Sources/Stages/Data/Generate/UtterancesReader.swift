import Diagnostics
import SpannedYAML

/// Reads `utterances.yaml`: slots, templates by function, sentences that want no function, prefixes and suffixes.
enum UtterancesReader {
    private static let fields = ["slots", "templates", "no_call", "prefixes", "suffixes"]

    static func read(
        _ source: SourceText, functions catalogue: FunctionCatalogue, _ findings: inout [Diagnostic]
    ) -> TemplateLibrary {
        var library = TemplateLibrary(functions: catalogue.functions, groups: [], prefixes: [""], suffixes: [""])
        guard let root = readDocument(source, &findings) else { return library }
        guard let entries = root.mapping else {
            findings.append(.expected("a mapping with 'slots' and 'templates'", for: "the file", found: root))
            return library
        }
        for entry in entries where !fields.contains(entry.name) {
            findings.append(.unknown("unknown-field", "field", entry.name, known: fields, at: entry.key.span))
        }
        let slots = slots(root["slots"], &findings)
        library.groups = groups(root["templates"], slots, catalogue, &findings)
        if let sentences = root["no_call"] {
            let reader = TemplateReader(slots: slots, function: nil)
            let templates = templates(sentences, "no_call", reader, &findings)
            library.groups.append(.init(function: nil, templates: templates, repertoire: "no_call"))
        }
        library.prefixes = words(root["prefixes"], "prefixes", &findings)
        library.suffixes = words(root["suffixes"], "suffixes", &findings)
        return library
    }

    private static func slots(_ node: Node?, _ findings: inout [Diagnostic]) -> [String: Slot] {
        guard let node else { return [:] }
        if node.mapping == nil { findings.append(.expected("a mapping of lists", for: "'slots'", found: node)) }
        var slots: [String: Slot] = [:]
        for entry in node.mapping ?? [] { slots[entry.name] = SlotReader.read(entry.name, entry.value, &findings) }
        return slots
    }

    /// Sorted by function, so that the order of writing changes nothing.
    private static func groups(
        _ node: Node?, _ slots: [String: Slot], _ catalogue: FunctionCatalogue, _ findings: inout [Diagnostic]
    ) -> [TemplateLibrary.Group] {
        guard let node else { return [] }
        if node.mapping == nil { findings.append(.expected("a mapping of lists by function", for: "'templates'", found: node)) }
        var groups: [TemplateLibrary.Group] = []
        for entry in node.mapping ?? [] {
            if let family = catalogue.families.first(where: { $0.name == entry.name }) {
                groups += FamilyTemplates(family: family, slots: slots).groups(entry.value, &findings)
                continue
            }
            guard let function = catalogue.functions.first(where: { $0.name == entry.name }) else {
                let known = catalogue.families.map(\.name) + catalogue.functions.prefix(40).map(\.name)
                findings.append(.unknown("unknown-function", "function", entry.name, known: known, at: entry.key.span))
                continue
            }
            let reader = TemplateReader(slots: slots, function: function)
            groups.append(
                .init(
                    function: function.name, templates: templates(entry.value, entry.name, reader, &findings),
                    repertoire: function.name))
        }
        return groups.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func templates(
        _ node: Node, _ name: String, _ reader: TemplateReader, _ findings: inout [Diagnostic]
    ) -> [UtteranceTemplate] {
        guard let items = node.sequence else {
            findings.append(.expected("a list of sentences", for: "'\(name)'", found: node))
            return []
        }
        return items.enumerated().compactMap { reader.read($1, name: "\(name)/\($0)", &findings) }
    }

    /// A list of texts; one empty text where it is left out.
    private static func words(_ node: Node?, _ name: String, _ findings: inout [Diagnostic]) -> [String] {
        guard let node else { return [""] }
        let words = (node.sequence ?? []).compactMap(\.scalar?.text)
        if words.isEmpty || words.count != node.sequence?.count {
            findings.append(.expected("a list of words", for: "'\(name)'", found: node, help: "\"\" stands for no words"))
        }
        return words
    }
}

/// A named list of values that templates draw from.
struct Slot: Sendable {
    struct Value: Sendable {
        var spoken: String
        /// As written; an argument's type decides what it is.
        var meaning: String
        var span: SourceSpan
    }

    var values: [Value]
    var mayHoldOut: Bool
}

/// Reads a slot: a list, an integer range, or `{values: …, hold_out: true}` around either.
///
/// ```yaml
/// room: [kitchen, {say: lounge, value: living room}]
/// degrees: {from: 16, to: 28, step: 1, hold_out: true}
/// time: {values: ["6:30", "7:00"], hold_out: true}
/// ```
enum SlotReader {
    private static let mostValues = 10_000

    static func read(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> Slot {
        guard let fields = node.mapping else {
            return Slot(values: list(name, node, &findings), mayHoldOut: false)
        }
        let known = ["values", "from", "to", "step", "hold_out"]
        for entry in fields where !known.contains(entry.name) {
            findings.append(.unknown("unknown-field", "field", entry.name, known: known, at: entry.key.span))
        }
        let mayHoldOut = node["hold_out"]?.scalar?.text == "true"
        if let values = node["values"] { return Slot(values: list(name, values, &findings), mayHoldOut: mayHoldOut) }
        return Slot(values: range(name, node, &findings), mayHoldOut: mayHoldOut)
    }

    private static func list(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> [Slot.Value] {
        guard let items = node.sequence, !items.isEmpty else {
            findings.append(
                .expected(
                    "a list of values", for: "the slot '\(name)'", found: node,
                    help: "write [first, second] or {from: 1, to: 9}"))
            return []
        }
        return items.compactMap { item in
            if let text = item.scalar?.text, !text.isEmpty { return Slot.Value(spoken: text, meaning: text, span: item.span) }
            if let say = item["say"]?.scalar?.text, let value = item["value"]?.scalar?.text, !say.isEmpty {
                return Slot.Value(spoken: say, meaning: value, span: item.span)
            }
            findings.append(
                .expected(
                    "a word or {say: …, value: …}", for: "a value of the slot '\(name)'", found: item))
            return nil
        }
    }

    private static func range(_ name: String, _ node: Node, _ findings: inout [Diagnostic]) -> [Slot.Value] {
        let step = node["step"]?.scalar.map { Int($0.text) } ?? 1
        guard let from = node["from"]?.scalar.flatMap({ Int($0.text) }), let to = node["to"]?.scalar.flatMap({ Int($0.text) }),
            let step, step > 0, from <= to, !to.subtractingReportingOverflow(from).overflow, (to - from) / step < mostValues
        else {
            findings.report(
                "bad-range", "the slot '\(name)' is no range of at most \(mostValues) integers", at: node.span,
                help: "write {from: 16, to: 28, step: 1}, 'from' not above 'to' and 'step' above 0")
            return []
        }
        return stride(from: from, through: to, by: step).map { .init(spoken: String($0), meaning: String($0), span: node.span) }
    }
}
