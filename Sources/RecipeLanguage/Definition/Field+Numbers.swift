import Diagnostics
import SpannedYAML

extension Field where Value == Int {
    /// - Parameter standard: `nil` where a field that is left out says nothing; only `written` reads such a field.
    static func integer(
        _ name: String, _ standard: Int?, in range: ClosedRange<Int>, spelled: String? = nil, _ documentation: String
    ) -> Field {
        Field(
            name, .integer(range), standard: standard ?? range.lowerBound, spelled: spelled ?? standard.map(String.init),
            documentation
        ) { node, place in
            quantity(node, place, in: range, wants: "a whole number", parse: Quantity.integer, spelled: String.init)
        }
    }

    static func bytes(_ name: String, _ standard: Int?, in range: ClosedRange<Int>, _ documentation: String) -> Field {
        Field(
            name, .bytes(range), standard: standard ?? range.lowerBound, spelled: standard.map(Quantity.bytesText),
            documentation
        ) { node, place in
            quantity(
                node, place, in: range, wants: "a size such as 512 MiB", parse: Quantity.bytes, spelled: Quantity.bytesText)
        }
    }

    static func seed(_ standard: Int, _ documentation: String) -> Field {
        integer("seed", standard, in: 0...Int.max, documentation)
    }
}

extension Field where Value == Double {
    static func number(
        _ name: String, _ standard: Double?, in range: ClosedRange<Double>, spelled: String? = nil, _ documentation: String
    ) -> Field {
        Field(
            name, .number(range), standard: standard ?? range.lowerBound,
            spelled: spelled ?? standard.map(Quantity.text), documentation
        ) { node, place in
            quantity(node, place, in: range, wants: "a number", parse: Quantity.number, spelled: Quantity.text)
        }
    }

    /// A part of a whole: `20%` or `0.2`.
    static func share(_ name: String, _ standard: Double?, in range: ClosedRange<Double>, _ documentation: String) -> Field {
        Field(
            name, .share(range), standard: standard ?? range.lowerBound, spelled: standard.map(\.percentage), documentation
        ) { node, place in
            quantity(
                node, place, in: range, wants: "a share such as 20% or 0.2", parse: Quantity.number, spelled: { $0.percentage })
        }
    }

    /// Seconds.
    static func duration(_ name: String, _ standard: Double, in range: ClosedRange<Double>, _ documentation: String) -> Field {
        Field(
            name, .duration(range), standard: standard, spelled: Quantity.durationText(standard), documentation
        ) { node, place in
            quantity(
                node, place, in: range, wants: "a duration such as 30 s, 10 min or 2 h", parse: Quantity.duration,
                spelled: Quantity.durationText)
        }
    }
}

/// A number in one of its spellings, within its range.
func quantity<Value: Comparable>(
    _ node: Node, _ place: FieldPlace, in range: ClosedRange<Value>, wants: String, parse: (String) -> Value?,
    spelled: (Value) -> String
) -> Value? {
    guard let text = node.scalar?.text, let value = parse(text) else {
        place.report(.wrongType(place.field, wants: wants, found: node))
        return nil
    }
    guard range.contains(value) else {
        let nearest = min(max(value, range.lowerBound), range.upperBound)
        place.report(
            .outOfRange(place.field, allowed: ValueType.describe(range, spelled), nearest: spelled(nearest), at: node.span))
        return nil
    }
    return value
}

extension Double {
    /// `20%`, `12.5%`: a share as people write it, to a thousandth of a per cent.
    package var percentage: String { Quantity.text((self * 100_000).rounded() / 1000) + "%" }
}
