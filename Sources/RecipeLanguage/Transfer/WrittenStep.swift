import Declarations
import Diagnostics
import SpannedYAML
import Words

/// One step as a person wrote it, in the notation or in the long form, every part with its place.
struct WrittenStep {
    struct Term {
        /// The term, for findings about all of it.
        var span: SourceSpan
        var loss: (text: String, span: SourceSpan)
        var weight: (text: String, span: SourceSpan)?
        var argument: (text: String, span: SourceSpan)?
    }

    var method: (text: String, span: SourceSpan)
    var star: SourceSpan?
    var terms: [Term] = []
    /// The brackets or the field `loss`; `nil` where none is written.
    var mixture: SourceSpan?
    var options: [Node.Entry] = []
}

extension WrittenStep {
    /// A step of the notation that a scalar holds.
    init(_ step: TransferSyntax.Step, in node: Node) {
        method = node.part(step.method)
        star = step.star.map { node.span(ofText: $0.range) }
        terms = step.terms.map { Term($0, in: node) }
        mixture = step.brackets.map(node.span(ofText:))
        options = step.options.map { option in
            Node.Entry(
                key: Node(.scalar(.init(text: option.name.text, style: .plain)), at: node.part(option.name).span),
                value: Node(.scalar(.init(text: option.value.text, style: .plain)), at: node.part(option.value).span))
        }
    }
}

extension WrittenStep.Term {
    init(_ term: TransferSyntax.Term, in node: Node) {
        let start = (term.weight ?? term.loss).range.lowerBound
        let end = (term.argument ?? term.loss).range.upperBound
        span = node.span(ofText: start..<end)
        loss = node.part(term.loss)
        weight = term.weight.map(node.part)
        argument = term.argument.map(node.part)
    }
}

extension Node {
    /// A part of the notation that the node's text holds, with its place.
    fileprivate func part(_ part: TransferSyntax.Part) -> (text: String, span: SourceSpan) {
        (part.text, span(ofText: part.range))
    }
}

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
                .transferSyntax, error.message, at: node.span(ofText: error.range),
                help: "examples: FKL, 0.5FKL+0.5CE, JSD(0.5)")
            return nil
        }
    }
}

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
                .outOfRange, "the weight of '\(term.loss.text)' must be a number above 0 and at most 100", at: written.span,
                help: "leave a term of weight 0 out")
            return 1
        }
        return weight
    }

    private func argument(_ term: WrittenStep.Term, of loss: Loss) -> Double? {
        guard let written = term.argument else { return loss.standardArgument }
        guard let standard = loss.standardArgument else {
            findings.report(
                .transferLoss, "the loss '\(loss.rawValue)' takes no number in parentheses", at: written.span,
                help: "leave it out")
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
