import Diagnostics
import SpannedYAML

extension Field where Value == Int {
    package static func integer(
        _ name: String, _ standard: Int? = nil, in range: ClosedRange<Int>, spelled: String? = nil, _ documentation: String
    ) -> Field {
        number(name, .integer(range), standard, in: range, spelled, documentation, Quantity.integer, "a whole number") {
            "\($0)"
        }
    }

    package static func bytes(
        _ name: String, _ standard: Int? = nil, in range: ClosedRange<Int>, _ documentation: String
    ) -> Field {
        number(
            name, .bytes(range), standard, in: range, nil, documentation, Quantity.bytes, "a size such as 512 MiB",
            Quantity.bytesText)
    }

    package static func seed(_ standard: Int, _ documentation: String) -> Field {
        seed(documentation).defaulting(to: standard)
    }

    package static func seed(_ documentation: String) -> Field { integer("seed", in: 0...Int.max, documentation) }
}

extension Field where Value == Double {
    package static func number(
        _ name: String, _ standard: Double? = nil, in range: ClosedRange<Double>, spelled: String? = nil,
        _ documentation: String
    ) -> Field {
        number(name, .number(range), standard, in: range, spelled, documentation, Quantity.number, "a number", Quantity.text)
    }

    /// A part of a whole: `20%` or `0.2`.
    package static func share(
        _ name: String, _ standard: Double? = nil, in range: ClosedRange<Double>, _ documentation: String
    ) -> Field {
        number(
            name, .share(range), standard, in: range, nil, documentation, Quantity.number, "a share such as 20% or 0.2",
            \.percentage)
    }

    /// Seconds.
    package static func duration(
        _ name: String, _ standard: Double? = nil, in range: ClosedRange<Double>, _ documentation: String
    ) -> Field {
        number(
            name, .duration(range), standard, in: range, nil, documentation, Quantity.duration,
            "a duration such as 30 s, 10 min or 2 h", Quantity.durationText)
    }
}

extension Field where Value: Comparable {
    /// A number in one of its spellings, within its range.
    fileprivate static func number(
        _ name: String, _ type: ValueType, _ standard: Value?, in range: ClosedRange<Value>, _ spelled: String?,
        _ documentation: String, _ parse: @escaping @Sendable (String) -> Value?, _ wants: String,
        _ text: @escaping @Sendable (Value) -> String
    ) -> Field {
        Field(
            name, type, standard: standard, nothing: range.lowerBound, spelled: spelled, documentation, spell: { text($0) }
        ) { node, place in
            guard let written = node.scalar?.text, let value = parse(written) else {
                place.report(.wrongType(place.field, wants: wants, found: node))
                return nil
            }
            guard range.contains(value) else {
                let nearest = min(max(value, range.lowerBound), range.upperBound)
                place.report(
                    .outOfRange(place.field, allowed: ValueType.describe(range, text), nearest: text(nearest), at: node.span))
                return nil
            }
            return value
        }
    }
}

extension Double {
    /// `20%`, `12.5%`: a share as people write it, to a thousandth of a per cent.
    package var percentage: String { Quantity.text((self * 100_000).rounded() / 1000) + "%" }
}
