import Declarations
import Diagnostics
import SpannedYAML

/// The long form of a transfer: a list of mappings, one a step.
struct LongForm {
    let field: String
    let findings: Findings

    /// `nil` where a step cannot be read; that is reported then.
    func steps(_ elements: [Node]) -> [WrittenStep]? {
        let steps = elements.map(step)
        return steps.contains { $0 == nil } ? nil : steps.compactMap { $0 }
    }

    private func step(_ node: Node) -> WrittenStep? {
        guard let entries = node.mapping else {
            findings.report(.wrongType(field, wants: "a step such as {step: KD, steps: 500}", found: node))
            return nil
        }
        guard let name = entries.first(where: { $0.name == "step" })?.value, let text = name.scalar?.text, !name.isNull else {
            findings.report(.missingField("step", in: "a step of '\(field)'", at: node.span, help: "add 'step: KD'"))
            return nil
        }
        let word = text.hasSuffix("*") ? String(text.dropLast()) : text
        var step = WrittenStep(method: (word, name.span(ofText: 0..<word.utf8.count)))
        if word != text { step.star = name.span(ofText: word.utf8.count..<text.utf8.count) }
        step.options = entries.filter { $0.name != "step" && $0.name != "loss" }
        guard let loss = entries.first(where: { $0.name == "loss" })?.value, !loss.isNull else { return step }
        step.mixture = loss.span
        guard let terms = terms(loss) else { return nil }
        step.terms = terms
        return step
    }

    /// `0.5FKL+0.5CE`, or `{FKL: 0.5, CE: 0.5}`.
    private func terms(_ loss: Node) -> [WrittenStep.Term]? {
        if let entries = loss.mapping {
            let terms = entries.compactMap { entry -> WrittenStep.Term? in
                guard let weight = entry.value.scalar?.text, var term = parse(entry.key)?.first else {
                    findings.report(
                        .wrongType("\(field).loss.\(entry.name)", wants: "a weight such as 0.5", found: entry.value))
                    return nil
                }
                term.weight = (weight, entry.value.span)
                return term
            }
            return terms.count == entries.count ? terms : nil
        }
        guard loss.scalar != nil else {
            findings.report(.wrongType("\(field).loss", wants: "a mixture such as 0.5FKL+0.5CE", found: loss))
            return nil
        }
        return parse(loss)
    }

    private func parse(_ node: Node) -> [WrittenStep.Term]? {
        do throws(TransferSyntax.Failure) {
            return try TransferParser.parse(mixture: node.scalar?.text ?? "").map { WrittenStep.Term($0, in: node) }
        } catch {
            findings.report(
                Diagnostic(
                    .transferSyntax, error.message, at: node.span(ofText: error.range),
                    help: "examples: FKL, 0.5FKL+0.5CE, JSD(0.5)"))
            return nil
        }
    }
}
