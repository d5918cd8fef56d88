import Diagnostics
import Engine
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
        let slots = slots(field("slots", of: root), &findings)
        library.groups = groups(field("templates", of: root), slots, catalogue, &findings)
        if let sentences = field("no_call", of: root) {
            let reader = TemplateReader(slots: slots, function: nil)
            let templates = templates(sentences, "no_call", reader, &findings)
            library.groups.append(.init(function: nil, templates: templates, repertoire: "no_call"))
        }
        library.prefixes = words(field("prefixes", of: root), "prefixes", &findings)
        library.suffixes = words(field("suffixes", of: root), "suffixes", &findings)
        LibraryChecks(library: library, catalogue: catalogue, slots: slots).run(&findings)
        return library
    }

    /// A field, or what was meant to be it: a misspelt name is one mistake, and not one for each template.
    private static func field(_ name: String, of root: Node) -> Node? {
        root[name] ?? root.mapping?.first { Suggestion.nearest(to: $0.name, among: fields) == name }?.value
    }

    private static func slots(_ node: Node?, _ findings: inout [Diagnostic]) -> [String: Slot] {
        guard let node else { return [:] }
        if node.mapping == nil { findings.append(.expected("a mapping of lists", for: "'slots'", found: node)) }
        var slots: [String: Slot] = [:]
        for entry in node.mapping ?? [] { slots[entry.name] = SlotReader.read(entry, &findings) }
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
                if catalogue.couldHave(entry.name) { continue }
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
            findings.append(
                .expected(
                    "a list of sentences", for: "'\(name)'", found: node,
                    help: node.scalar.flatMap {
                        $0.text.isEmpty ? nil : "write it in brackets, or on a line of its own behind '- '"
                    }))
            return []
        }
        if items.isEmpty {
            findings.report("empty-list", "'\(name)' has no sentence", at: node.span, help: "add one, or leave '\(name)' out")
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
