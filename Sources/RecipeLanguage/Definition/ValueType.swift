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

    static func describe(_ range: ClosedRange<Int>) -> String { describe(range, String.init) }

    static func describe<Bound>(_ range: ClosedRange<Bound>, _ spelled: (Bound) -> String) -> String
    where Bound: Comparable {
        if let upper = range.upperBound as? Int, upper == .max { return "at least \(spelled(range.lowerBound))" }
        return "between \(spelled(range.lowerBound)) and \(spelled(range.upperBound))"
    }
}
