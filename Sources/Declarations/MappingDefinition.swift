/// The fields of one kind of mapping: the language is a tree of these.
package struct MappingDefinition: Sendable {
    /// As the documentation heads it: `prune`.
    package let title: String
    /// One sentence.
    package let documentation: String
    package let fields: [FieldDefinition]
    /// Whether the word `none` may stand for the whole mapping.
    package let mayBeNone: Bool

    /// - Parameter order: names of fields that are listed first, in this order; all others follow as they are.
    package init(
        _ title: String, _ documentation: String, mayBeNone: Bool = false, _ fields: [any DefinedField], order: [String] = []
    ) {
        (self.title, self.documentation) = (title, documentation)
        let definitions = fields.map(\.definition)
        self.fields =
            order.compactMap { name in definitions.first { $0.name == name } }
            + definitions.filter { !order.contains($0.name) }
        self.mayBeNone = mayBeNone
    }

    package var names: [String] { fields.map(\.name) }

    /// Fields that hold mappings with a field of this name.
    func mappings(with name: String) -> [String] {
        fields.filter { $0.type.section?.names.contains(name) == true }.map(\.name)
    }

    /// The first field that a word or share standing alone was meant for; any other word may say where things come `from`.
    func field(for text: String) -> String? {
        fields.first { $0.type.fits(text) }?.name ?? names.first { $0 == "from" }
    }
}

extension ValueType {
    /// Whether a text can be nothing but a value of this type.
    fileprivate func fits(_ text: String) -> Bool {
        switch self {
        case .choice(let words): words.contains(text)
        case .share: text.hasSuffix("%") && Quantity.number(text) != nil
        case .list(let element): element.fits(text)
        case .either(let types): types.contains { $0.fits(text) }
        default: false
        }
    }
}

/// One field: its name, what it may hold, what it means when left out, and a sentence for people.
package struct FieldDefinition: Sendable {
    package internal(set) var name: String
    package let type: ValueType
    /// The value of a field that is left out, as a recipe would write it; `nil` where there is none.
    package internal(set) var standard: String?
    package internal(set) var isRequired: Bool
    package let documentation: String
}

/// Whatever defines a field.
package protocol DefinedField: Sendable {
    var definition: FieldDefinition { get }
}

/// A field that holds a mapping of its own.
package struct SectionField: DefinedField {
    package let mapping: MappingDefinition
    package let definition: FieldDefinition

    /// - Parameter isRepeated: whether several such mappings may stand in a list.
    package init(
        _ name: String, _ mapping: MappingDefinition, standard: String? = nil, required: Bool = false,
        isRepeated: Bool = false
    ) {
        self.mapping = mapping
        definition = FieldDefinition(
            name: name, type: isRepeated ? .either([.mapping(mapping), .list(.mapping(mapping))]) : .mapping(mapping),
            standard: standard, isRequired: required, documentation: mapping.documentation)
    }
}

/// A field whose value a reader of its own takes apart.
package struct RawField: DefinedField {
    package let definition: FieldDefinition

    package init(_ name: String, _ type: ValueType, standard: String? = nil, required: Bool = false, _ documentation: String) {
        definition = FieldDefinition(
            name: name, type: type, standard: standard, isRequired: required, documentation: documentation)
    }

    package var name: String { definition.name }
}

/// What a field may hold. Readers, documentation and the JSON Schema are all made from it.
package indirect enum ValueType: Sendable {
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    /// A part of a whole: `20%` or `0.2`.
    case share(ClosedRange<Double>)
    /// `512 MiB`.
    case bytes(ClosedRange<Int>)
    /// `30 min`; seconds.
    case duration(ClosedRange<Double>)
    case flag
    case text
    /// One of some words.
    case choice([String])
    /// Several; a single one needs no brackets.
    case list(ValueType)
    case mapping(MappingDefinition)
    /// Names of the writer's own, each with a value.
    case named(ValueType)
    case either([ValueType])
    /// Whatever stands there is read later, or by somebody else.
    case anything
}

extension ValueType {
    /// The mapping of a section, which may be one of several.
    package var section: MappingDefinition? {
        switch self {
        case .mapping(let mapping): mapping
        case .either(let types): isRepeated ? types.first?.section : nil
        default: nil
        }
    }

    /// Whether it is a mapping, or a list of such mappings.
    package var isRepeated: Bool {
        guard case .either(let types) = self, case .mapping? = types.first, case .list(.mapping)? = types.last else {
            return false
        }
        return true
    }

    /// In few words, for the documentation's tables.
    package var summary: String {
        switch self {
        case .integer(let range): "whole number, " + Self.describe(range)
        case .number(let range): "number, " + Self.describe(range, Quantity.text)
        case .share(let range): "share, " + Self.describe(range, \.percentage)
        case .bytes(let range): "size, " + Self.describe(range, Quantity.bytesText)
        case .duration(let range): "duration, " + Self.describe(range, Quantity.durationText)
        case .flag: "`true` or `false`"
        case .text: "text"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .list(let element): "list: " + element.summary
        case .mapping(let mapping): mapping.fields.map { "`\($0.name)`" }.joined(separator: ", ")
        case .named(let value): "names with " + value.summary
        case .either(let types): types.map(\.summary).joined(separator: "; or ")
        case .anything: "anything"
        }
    }

    package static func describe(_ range: ClosedRange<Int>) -> String { describe(range, String.init) }

    package static func describe<Bound>(_ range: ClosedRange<Bound>, _ spelled: (Bound) -> String) -> String
    where Bound: Comparable {
        if let upper = range.upperBound as? Int, upper == .max { return "at least \(spelled(range.lowerBound))" }
        return "between \(spelled(range.lowerBound)) and \(spelled(range.upperBound))"
    }
}

/// Tables of mappings in Markdown, made from the definitions that the readers use.
package enum Tables {
    /// A section for each mapping and for those below it, depth first, each title once.
    package static func markdown(of mappings: [MappingDefinition]) -> String {
        var seen: Set<String> = []
        return mappings.flatMap(all).filter { seen.insert($0.title).inserted }.map(section).joined(separator: "\n")
    }

    private static func all(below mapping: MappingDefinition) -> [MappingDefinition] {
        [mapping] + mapping.fields.flatMap { mappings(in: $0.type).flatMap(all) }
    }

    private static func mappings(in type: ValueType) -> [MappingDefinition] {
        switch type {
        case .mapping(let mapping): [mapping]
        case .list(let element), .named(let element): mappings(in: element)
        case .either(let types): types.flatMap(mappings)
        default: []
        }
    }

    private static func section(_ mapping: MappingDefinition) -> String {
        let head = ["### `\(mapping.title)`", "", mapping.documentation]
        if mapping.fields.isEmpty { return head.joined(separator: "\n") + "\n" }
        let rows = mapping.fields.map { field in
            let standard = field.standard.flatMap { $0.isEmpty ? nil : $0.contains("`") ? $0 : "`\($0)`" }
            return "| `\(field.name)` | \(summary(field.type)) | \(standard ?? (field.isRequired ? "needed" : "")) | "
                + "\(field.documentation) |"
        }
        return (head + ["", "| field | values | default | |", "|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }

    private static func summary(_ type: ValueType) -> String {
        switch type {
        case .mapping(let mapping): "[`\(mapping.title)`](#\(anchor(mapping.title)))" + (mapping.mayBeNone ? " or `none`" : "")
        case .list(let element): "list: " + summary(element)
        case .named(let element): "names with " + summary(element)
        case .either(let types): types.map(summary).joined(separator: "; or ")
        default: type.summary
        }
    }

    /// As renderers of Markdown make the anchor of a heading.
    private static func anchor(_ title: String) -> String {
        title.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    }
}
