import Declarations
import Kinds
import Words

/// `evaluate.threshold`: which likelihood of no call decides that none is made.
package enum CallThreshold: Hashable, Sendable {
    /// Models' answers stay as they are.
    case off
    /// The best one on `valid`.
    case chosen
    case stated(Double)

    static let offWord = "none"
    static let chosenWord = "valid"

    static let field: Field<CallThreshold> = {
        let likelihoods = 0.0...1.0
        return Field(
            "threshold", .either([.choice([chosenWord, offWord]), .number(likelihoods)]), standard: nil, nothing: .off,
            spelled: "`valid` with `data.no_call`, else `none`",
            "The likelihood of no call from which on none is made, of models that answer in Decant's form: a number, or the best "
                + "one on the set `valid`, where right answers to rows that want calls count as much as those to rows that want "
                + "none.",
            spell: { _ in nil }
        ) { node, place in
            let text = node.scalar?.text ?? ""
            if text == offWord { return .off }
            if text == chosenWord { return .chosen }
            guard let number = Quantity.number(text) else {
                place.report(.wrongType(place.field, wants: "'\(chosenWord)', '\(offWord)' or a number", found: node))
                return nil
            }
            guard likelihoods.contains(number) else {
                place.report(
                    .outOfRange(
                        place.field, allowed: ValueType.describe(likelihoods, Quantity.text), nearest: number < 0 ? "0" : "1",
                        at: node.span))
                return nil
            }
            return .stated(number)
        }
    }()
}

extension Pipeline {
    /// The threshold that decides between calls and none, without a number where `valid` decides; `nil` where answers stay as
    /// they are.
    package var callThreshold: Spanned<Double?>? {
        guard task.kind.value == .calls, answerMethod == .generation else { return nil }
        switch evaluate.threshold?.value {
        case .off?: return nil
        case .stated(let number)?: return evaluate.threshold?.map { _ in number }
        case .chosen?: return evaluate.threshold?.map { _ in Double?.none }
        case nil:
            let isValidated = data.setsWithRows.contains(.valid) && knownSets?.contains(RowSet.valid.rawValue) ?? true
            return isValidated ? data.noCall?.$share.map { _ in Double?.none } : nil
        }
    }
}
