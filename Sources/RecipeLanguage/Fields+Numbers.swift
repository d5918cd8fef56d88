import Diagnostics
import SpannedYAML

extension Fields {
    func integer(_ name: String, default standard: Int, in range: ClosedRange<Int>) -> Spanned<Int> {
        guard let node = node(name) else { return self.standard(name, standard) }
        let field = fullName(of: name)
        guard let text = node.scalar?.text, let value = Quantity.integer(text) else {
            report(.wrongType(field, wants: "a whole number", found: node))
            return self.standard(name, standard)
        }
        guard range.contains(value) else {
            let nearest = min(max(value, range.lowerBound), range.upperBound)
            report(.outOfRange(field, allowed: describe(range), nearest: "\(nearest)", at: node.span))
            return self.standard(name, standard)
        }
        return Spanned(value, at: node.span, field: field)
    }

    func number(_ name: String, default standard: Double, in range: ClosedRange<Double>) -> Spanned<Double> {
        number(name, default: standard, in: range, wants: "a number", spelled: Quantity.text)
    }

    /// A part of a whole: `20%` or `0.2`.
    func share(_ name: String, default standard: Double, in range: ClosedRange<Double> = 0...1) -> Spanned<Double> {
        number(name, default: standard, in: range, wants: "a share such as 20% or 0.2", spelled: { $0.percentage })
    }

    private func number(
        _ name: String, default standard: Double, in range: ClosedRange<Double>, wants: String, spelled: (Double) -> String
    ) -> Spanned<Double> {
        guard let node = node(name) else { return self.standard(name, standard) }
        let field = fullName(of: name)
        guard let text = node.scalar?.text, let value = Quantity.number(text) else {
            report(.wrongType(field, wants: wants, found: node))
            return self.standard(name, standard)
        }
        guard range.contains(value) else {
            let nearest = min(max(value, range.lowerBound), range.upperBound)
            let allowed = "between \(spelled(range.lowerBound)) and \(spelled(range.upperBound))"
            report(.outOfRange(field, allowed: allowed, nearest: spelled(nearest), at: node.span))
            return self.standard(name, standard)
        }
        return Spanned(value, at: node.span, field: field)
    }

    private func describe(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max ? "at least \(range.lowerBound)" : "between \(range.lowerBound) and \(range.upperBound)"
    }
}

extension Double {
    /// `20%`, `12.5%`: a share as people write it, to a thousandth of a per cent.
    public var percentage: String { Quantity.text((self * 100_000).rounded() / 1000) + "%" }
}
