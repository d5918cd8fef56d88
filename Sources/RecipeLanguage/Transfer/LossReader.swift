import Declarations
import Diagnostics
import Words

/// Gives a written loss term meaning.
struct LossReader {
    /// Dotted, of the mixture.
    let field: String
    let findings: Findings

    /// `nil` where the loss is not known; that is reported then.
    func term(_ written: WrittenStep.Term) -> LossTerm? {
        guard let loss = Loss(rawValue: written.loss.text) else {
            let known = Loss.allCases.map(\.rawValue)
            findings.report(.unknownValue(written.loss.text, of: field, among: known, at: written.loss.span))
            return nil
        }
        return LossTerm(loss, weight: weight(written), argument: argument(written, of: loss))
    }

    private func weight(_ term: WrittenStep.Term) -> Double {
        guard let written = term.weight else { return 1 }
        guard let weight = Quantity.number(written.text), weight > 0, weight <= 100 else {
            findings.report(
                Diagnostic(
                    .outOfRange, "the weight of '\(term.loss.text)' must be a number above 0 and at most 100", at: written.span,
                    help: "leave a term of weight 0 out"))
            return 1
        }
        return weight
    }

    private func argument(_ term: WrittenStep.Term, of loss: Loss) -> Double? {
        guard let written = term.argument else { return loss.standardArgument }
        guard let standard = loss.standardArgument else {
            findings.report(
                Diagnostic(
                    .transferLoss, "the loss '\(loss.rawValue)' takes no number in parentheses", at: written.span,
                    help: "leave it out"))
            return nil
        }
        guard let argument = Quantity.number(written.text), (0...1).contains(argument) else {
            findings.report(
                .outOfRange("\(loss.rawValue)(…)", allowed: "between 0 and 1", nearest: "1", at: written.span))
            return standard
        }
        return argument
    }
}
