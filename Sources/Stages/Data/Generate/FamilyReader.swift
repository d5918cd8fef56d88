import CanonicalJSON
import Diagnostics
import Engine
import SpannedYAML

/// Reads a family of `functions.yaml`.
///
/// ```yaml
/// control:
///   family: {action: [open, close], device: [lamp, door]}
///   names: ["{action}_{device}", "{device}_{action}"]     # a member has one of these, by a hash of its words
///   description: "{action} a {device}"
///   parameters:                                           # and one of these
///     - {}
///     - room: {type: string, names: [room, place]}        # which it calls one of these
/// ```
struct FamilyReader {
    private static let fields = ["name", "family", "names", "description", "parameters"]
    private static let mostMembers = 100_000

    let name: String
    let node: Node

    func read(_ findings: inout [Diagnostic]) -> FunctionFamily? {
        let earlier = findings.errors
        for entry in node.mapping ?? [] where !Self.fields.contains(entry.name) {
            findings.append(.unknown("unknown-field", "field", entry.name, known: Self.fields, at: entry.key.span))
        }
        let words = words(&findings)
        let names = texts(node["names"], "'names'", help: "write '[\"{first}_{second}\"]'", &findings).map { text in
            WordPattern(text, words: words, &findings)
        }
        let description = node["description"].map { WordPattern($0, words: words, &findings) }
        let sets = parameterSets(words, &findings)
        guard findings.errors == earlier else { return nil }
        var schemas: [String: JSON] = [:]
        for parameter in sets.joined() { schemas[parameter.name] = parameter.schema }
        let members = combinations(of: words).map { words in
            member(words, name: names, description: description, sets)
        }
        checkNames(of: members, &findings)
        return FunctionFamily(
            name: name, words: words, schemas: schemas, parameterSets: sets.map { Set($0.map(\.name)) }, members: members)
    }

    /// A member depends on its words alone.
    private func member(
        _ words: [String: String], name names: [WordPattern], description: WordPattern?, _ sets: [[FamilyParameter]]
    ) -> FunctionFamily.Member {
        let identity = words.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "/")
        func choice<Element>(of purpose: String, _ elements: [Element]) -> Element {
            elements[Int(StableHash.unit("family/\(purpose)", 0, identity) * Double(elements.count))]
        }
        let parameters = choice(of: "parameters", sets).map { ($0, choice(of: "parameter/\($0.name)", $0.names)) }
        let own = parameters.map(\.1)
        let function = FunctionDefinition(
            name: choice(of: "name", names).filled(with: words), summary: description?.filled(with: words) ?? "",
            parameters: [
                "type": "object",
                "properties": .object(Dictionary(parameters.map { ($1, $0.schema) }, uniquingKeysWith: { first, _ in first })),
                "required": .array(own.sorted().map(JSON.string)),
            ])
        return .init(
            words: words, function: function,
            parameters: Dictionary(parameters.map { ($0.name, $1) }, uniquingKeysWith: { first, _ in first }))
    }

    /// The choices for each word.
    private func words(_ findings: inout [Diagnostic]) -> [String: [String]] {
        guard let node = node["family"], let entries = node.mapping, !entries.isEmpty else {
            findings.append(
                .expected(
                    "a mapping of words to lists", for: "'family'", found: node["family"] ?? node,
                    help: "write {action: [open, close], device: [lamp, door]}"))
            return [:]
        }
        var words: [String: [String]] = [:]
        var members = 1
        for entry in entries {
            let choices = texts(entry.value, "'\(entry.name)'", help: "write [first, second]", &findings)
            var seen: Set<String> = []
            for choice in choices where !seen.insert(choice.scalar?.text ?? "").inserted {
                findings.report(
                    "duplicate-word", "'\(entry.name)' has '\(choice.scalar?.text ?? "")' twice", at: choice.span,
                    help: "keep one of the two")
            }
            words[entry.name] = choices.compactMap(\.scalar?.text)
            members = min(members * max(1, choices.count), Self.mostMembers + 1)
        }
        if members > Self.mostMembers {
            findings.report(
                "large-family", "the family '\(name)' has more than \(Self.mostMembers) functions", at: node.span,
                help: "shorten its lists")
        }
        return words
    }

    /// A list of texts, none of them empty; a single one needs no brackets.
    private func texts(_ node: Node?, _ name: String, help: String, _ findings: inout [Diagnostic]) -> [Node] {
        guard let node else {
            findings.report("missing-field", "the family '\(self.name)' has no \(name)", at: self.node.span, help: help)
            return []
        }
        let items = node.sequence ?? [node]
        guard !items.isEmpty, items.allSatisfy({ $0.scalar?.text.isEmpty == false }) else {
            findings.append(.expected("a list of words", for: name, found: node, help: help))
            return []
        }
        return items
    }

    /// One empty set where no parameters are written.
    private func parameterSets(_ words: [String: [String]], _ findings: inout [Diagnostic]) -> [[FamilyParameter]] {
        guard let node = node["parameters"] else { return [[]] }
        let sets = node.sequence ?? [node]
        if sets.isEmpty { findings.append(.expected("a list of mappings", for: "'parameters'", found: node)) }
        var earlier: [String: FamilyParameter] = [:]
        return sets.map { set in
            if set.mapping == nil { findings.append(.expected("a mapping", for: "a set of parameters", found: set)) }
            return FamilyParameter.set(set.mapping ?? [], words: words, &earlier, &findings)
        }
    }

    /// Every choice of one word each, the last of the sorted words fastest.
    private func combinations(of words: [String: [String]]) -> [[String: String]] {
        words.sorted { $0.key < $1.key }.reduce([[:]]) { combinations, word in
            combinations.flatMap { combination in
                word.value.map { choice in combination.merging([word.key: choice]) { $1 } }
            }
        }
    }

    private func checkNames(of members: [FunctionFamily.Member], _ findings: inout [Diagnostic]) {
        var seen: Set<String> = []
        guard let second = members.first(where: { !seen.insert($0.function.name).inserted }) else { return }
        findings.report(
            "duplicate-function", "two functions of the family '\(name)' are called '\(second.function.name)'",
            at: node["names"]?.span ?? node.span, help: "name all words in each name, and keep words apart")
    }
}

/// Functions that are written as one: one for every combination of some words, `open` and `lamp` among them.
struct FunctionFamily: Sendable {
    /// What templates call it.
    var name: String
    /// The words that tell members apart, by what they are called: `device` is one of `lamp`, `door`.
    var words: [String: [String]]
    /// Schemas of all parameters by the family's names for them.
    var schemas: [String: JSON]
    /// Which parameters a member may have; a set that is listed twice is used twice as often.
    var parameterSets: [Set<String>]
    var members: [Member]

    /// One function of a family.
    struct Member: Sendable {
        var words: [String: String]
        var function: FunctionDefinition
        /// Its own names of its parameters, by the family's names.
        var parameters: [String: String]
    }

    /// All that templates may say of a member: its parameters by the family's names, none of them required.
    var definition: FunctionDefinition {
        FunctionDefinition(
            name: name, summary: "", parameters: ["type": "object", "properties": .object(schemas), "required": []])
    }
}

/// Functions and families of a file.
struct FunctionCatalogue: Sendable {
    /// Members among them. Sorted by name.
    var functions: [FunctionDefinition] = []
    var families: [FunctionFamily] = []
    /// Where functions and families are named.
    var places: [String: SourceSpan] = [:]
    /// Families that have mistakes, so that nobody knows their functions.
    var unreadable: Set<String> = []
    /// Whether the file itself cannot be read.
    var isIncomplete = false

    /// Whether templates may be of this name, as far as is known.
    func couldHave(_ name: String) -> Bool { isIncomplete || unreadable.contains(name) }
}

/// A text that says a family's words: `{action}_{device}`.
struct WordPattern {
    private enum Piece {
        case text(Substring)
        case word(String)
    }

    private var pieces: [Piece] = []

    /// Reports gaps that are no word of the family.
    init(_ node: Node, words: [String: [String]], _ findings: inout [Diagnostic]) {
        let text = node.scalar?.text ?? ""
        var position = text.startIndex
        for gap in text.matches(of: /\{([^{}]*)\}/) {
            pieces += [.text(text[position..<gap.range.lowerBound]), .word(String(gap.1))]
            position = gap.range.upperBound
            guard words[String(gap.1)] == nil else { continue }
            findings.append(
                .unknown(
                    "unknown-word", "word", String(gap.1), known: Array(words.keys),
                    at: node.span(ofText: text.bytes(gap.range)))
            )
        }
        pieces.append(.text(text[position...]))
    }

    func filled(with words: [String: String]) -> String {
        pieces.reduce(into: "") { text, piece in
            switch piece {
            case .text(let part): text += part
            case .word(let name): text += words[name] ?? ""
            }
        }
    }
}

extension String {
    fileprivate func bytes(_ range: Range<Index>) -> Range<Int> {
        utf8.distance(from: startIndex, to: range.lowerBound)..<utf8.distance(from: startIndex, to: range.upperBound)
    }
}
