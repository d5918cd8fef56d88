import Diagnostics
import Engine

/// What no single template shows: sentences that mean two things, functions that nobody asks for, slots that nobody uses.
struct LibraryChecks {
    let library: TemplateLibrary
    let catalogue: FunctionCatalogue
    let slots: [String: Slot]

    func run(_ findings: inout [Diagnostic]) {
        checkSentences(&findings)
        // What is missing may be what is misspelt.
        guard !findings.hasErrors else { return }
        checkFunctions(&findings)
        checkSlots(&findings)
    }

    /// A sentence with its gaps, and what it calls.
    private struct Sentence {
        var repertoire: String
        var template: UtteranceTemplate
    }

    /// Templates that give the same sentences: of one function they are one too many, of two they contradict each other.
    private func checkSentences(_ findings: inout [Diagnostic]) {
        var first: [String: Sentence] = [:]
        var repertoires: Set<String> = []
        for group in library.groups where repertoires.insert(group.repertoire).inserted {
            for template in group.templates {
                let sentence = Sentence(repertoire: group.repertoire, template: template)
                guard let earlier = first.updateValue(sentence, forKey: template.outline) else { continue }
                first[template.outline] = earlier
                report(sentence, like: earlier, &findings)
            }
        }
    }

    private func report(_ sentence: Sentence, like earlier: Sentence, _ findings: inout [Diagnostic]) {
        let places = [earlier.template.span, sentence.template.span].sorted { $0.start < $1.start }
        let secondary = [Diagnostic.Label(places[0], "first written here")]
        if earlier.repertoire != sentence.repertoire {
            findings.report(
                "ambiguous-template", "this sentence stands for '\(earlier.repertoire)' and for '\(sentence.repertoire)'",
                at: places[1], secondary: secondary, help: "keep it in one place, or say what tells the two apart")
        } else if !earlier.template.means(sentence.template) {
            findings.report(
                "ambiguous-template", "this sentence has two meanings in '\(sentence.repertoire)'", at: places[1],
                secondary: secondary, help: "keep one of the two, or say what tells them apart")
        } else {
            findings.warn(
                "duplicate-template", "'\(sentence.repertoire)' has this sentence twice", at: places[1], secondary: secondary,
                help: "keep one of the two")
        }
    }

    /// Functions and optional arguments that no template states: no row teaches them.
    private func checkFunctions(_ findings: inout [Diagnostic]) {
        guard !library.groups.isEmpty else { return }
        let asked = library.askedFunctions
        let members = Set(catalogue.families.flatMap { $0.members.map(\.function.name) })
        let askedFamilies = catalogue.families.filter { family in family.members.contains { asked.contains($0.function.name) } }
        for family in catalogue.families where !askedFamilies.contains(where: { $0.name == family.name }) {
            reportUnasked(family.name, &findings)
        }
        for function in catalogue.functions where !members.contains(function.name) {
            guard let group = library.groups.first(where: { $0.function == function.name }), asked.contains(function.name)
            else {
                reportUnasked(function.name, &findings)
                continue
            }
            let stated = group.templates.reduce(into: Set<String>()) { $0.formUnion($1.arguments) }
            for argument in function.properties.map(\.name) where !stated.contains(argument) {
                guard let place = catalogue.places[function.name] else { continue }
                findings.warn(
                    "unstated-argument", "no template states '\(argument)' of '\(function.name)', so that no model learns it",
                    at: place, help: "add a template with {\(argument)}, or take the parameter out")
            }
        }
    }

    private func reportUnasked(_ name: String, _ findings: inout [Diagnostic]) {
        guard let place = catalogue.places[name] else { return }
        findings.warn(
            "missing-template", "no template asks for '\(name)', so that no model learns it", at: place,
            help: "add sentences under 'templates: {\(name): […]}'")
    }

    private func checkSlots(_ findings: inout [Diagnostic]) {
        var used: Set<String> = []
        var repertoires: Set<String> = []
        for group in library.groups where repertoires.insert(group.repertoire).inserted {
            for template in group.templates { used.formUnion(template.gaps.map(\.slot)) }
        }
        for (name, slot) in slots.sorted(by: { $0.key < $1.key }) where !used.contains(name) {
            findings.warn(
                "unused-slot", "no template uses the slot '\(name)'", at: slot.span, help: "take it out, or use {\(name)}")
        }
    }
}

extension UtteranceTemplate {
    /// The sentence with the names of its slots, in lower case and without spare space: equal for templates that say the same.
    fileprivate var outline: String {
        let text = pieces.map { piece in
            switch piece {
            case .text(let words): words
            case .word(let word): "{\(word)}"
            case .gap(let gap): "{\(gap.slot)}"
            }
        }.joined()
        return text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Whether equal sentences state the same arguments.
    fileprivate func means(_ other: UtteranceTemplate) -> Bool {
        fixedArguments == other.fixedArguments && gaps.map(\.argument) == other.gaps.map(\.argument)
    }
}
