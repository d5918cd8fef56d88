import CanonicalJSON
import Declarations

extension ValueType {
    /// The range, in words, that a value of a key is outside of; `nil` where it is in its range or has none.
    func range(brokenBy json: JSON) -> String? {
        switch self {
        case .integer(let range): Self.range(range, brokenBy: json.integer) { "\($0)" }
        case .bytes(let range): Self.range(range, brokenBy: json.integer) { "\($0)" }
        case .number(let range), .share(let range), .duration(let range):
            Self.range(range, brokenBy: json.double, Quantity.text)
        case .list(let element): json.array?.lazy.compactMap(element.range(brokenBy:)).first
        case .named(let element): json.sortedMembers.lazy.compactMap { element.range(brokenBy: $0.value) }.first
        case .flag, .text, .choice, .mapping, .either, .anything: nil
        }
    }

    private static func range<Bound>(
        _ range: ClosedRange<Bound>, brokenBy value: Bound?, _ spelled: (Bound) -> String
    ) -> String? {
        guard let value, !range.contains(value) else { return nil }
        return Self.describe(range, spelled)
    }
}
