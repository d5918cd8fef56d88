import Diagnostics
import SpannedYAML

/// Checks the transfer notation of one field and gives its steps meaning.
struct TransferReader {
    let field: Spanned<String>
    /// The scalar, where the recipe has one.
    let node: Node?
    /// The fields around the notation.
    let fields: Fields
    /// Training steps of a step that names none.
    let steps: Int
    /// Available here.
    let methods: [Transfer.Method]

    static let mostSteps = 16

    /// `nil` where nothing is written, or where it cannot be read; that is reported then.
    func read() -> [Transfer.Step]? {
        guard let node, let text = node.scalar?.text else { return nil }
        do throws(TransferSyntax.Failure) {
            let syntax = try TransferParser.parse(text)
            if syntax.steps.count > Self.mostSteps {
                let extra = syntax.steps[Self.mostSteps].method
                throw .init(
                    message: "a transfer has \(Self.mostSteps) steps at most", range: extra.range, help: "leave steps out")
            }
            let checked = syntax.steps.map(step)
            return checked.contains { $0 == nil } ? nil : checked.compactMap { $0 }
        } catch {
            fields.report(
                Diagnostic(
                    code: "transfer-syntax", error.message, at: place(error.range),
                    help: error.help ?? "examples: KD, RFT, KD[0.5FKL+0.5CE], \"SFT(steps: 600)\""))
            return nil
        }
    }

    private func step(_ written: TransferSyntax.Step) -> Transfer.Step? {
        guard let method = method(written) else { return nil }
        if let star = written.star {
            fields.report(.notYetAvailable("\(written.method.text)*", instead: [written.method.text], at: place(star.range)))
        }
        if method != .kd, let brackets = written.brackets {
            fields.report(
                Diagnostic(
                    code: "transfer-loss", "'\(method.rawValue)' has one loss, cross entropy, and takes no mixture",
                    at: place(brackets), help: "leave the brackets out, or write 'KD'"))
        }
        return step(method, options: self.fields(for: method, options: written.options), terms: written.terms)
    }

    /// A step of a method that is available.
    func step(_ method: Transfer.Method, options: Fields, terms: [TransferSyntax.Term]) -> Transfer.Step {
        switch method {
        case .sft: .sft(Training(reading: options, steps: steps))
        case .rft: .rft(Training(reading: options, steps: steps))
        default: .kd(Distillation(reading: options, loss: mixture(terms), steps: steps))
        }
    }

    private func method(_ written: TransferSyntax.Step) -> Transfer.Method? {
        let available = methods.map(\.rawValue)
        let span = place(written.method.range)
        guard let method = Transfer.Method(rawValue: written.method.text) else {
            let names = Transfer.Method.allCases.map(\.rawValue)
            fields.report(.unknownValue(written.method.text, of: field.field, among: names, at: span))
            return nil
        }
        if methods.contains(method) { return method }
        if [.sft, .rft, .kd].contains(method) {
            fields.report(
                Diagnostic(
                    code: "conflict", "'\(method.rawValue)' learns from a teacher, and '\(field.field)' has none", at: span,
                    help: "available here: \(available.joined(separator: ", "))"))
        } else {
            fields.report(.notYetAvailable(method.rawValue, instead: available, at: span))
        }
        return nil
    }

    /// The options in parentheses as fields, so that they are read like every other field.
    func fields(for method: Transfer.Method, options: [TransferSyntax.Option]) -> Fields {
        var entries: [Node.Entry] = []
        for option in options {
            let key = Node(.scalar(.init(text: option.name.text, style: .plain)), at: place(option.name.range))
            if let first = entries.first(where: { $0.name == option.name.text }) {
                fields.report(.repeated(option.name.text, in: method.rawValue, at: key.span, first: first.key.span))
                continue
            }
            let value = Node(.scalar(.init(text: option.value.text, style: .plain)), at: place(option.value.range))
            entries.append(Node.Entry(key: key, value: value))
        }
        let isDistillation = method == .kd
        return Fields(
            path: field.field, owner: "'\(method.rawValue)'", anchor: field.span, entries: entries,
            known: isDistillation ? Distillation.options : Training.options,
            later: isDistillation ? Distillation.laterOptions : [], findings: fields.findings)
    }

    private func mixture(_ terms: [TransferSyntax.Term]) -> Spanned<[Distillation.Term]> {
        guard let first = terms.first, let last = terms.last else {
            return Spanned(Defaults.loss, at: field.span, field: "\(field.field).loss", isWritten: false)
        }
        var mixture: [Distillation.Term] = []
        var places: [Distillation.Loss: SourceSpan] = [:]
        for term in terms {
            let span = place(term.loss.range)
            guard let loss = loss(term) else { continue }
            let weight = weight(term)
            if let first = places[loss] {
                fields.report(.repeated(loss.rawValue, in: field.field, at: span, first: first))
            } else {
                places[loss] = span
                mixture.append(Distillation.Term(loss: loss, weight: weight))
            }
        }
        let ordered = Distillation.Loss.allCases.compactMap { loss in mixture.first { $0.loss == loss } }
        let end = (last.argument ?? last.loss).range.upperBound
        let start = (first.weight ?? first.loss).range.lowerBound
        return Spanned(ordered, at: place(start..<end), field: "\(field.field).loss")
    }

    private func loss(_ term: TransferSyntax.Term) -> Distillation.Loss? {
        let known = Distillation.Loss.allCases.map(\.rawValue)
        let span = place(term.loss.range)
        guard let loss = Distillation.Loss(rawValue: term.loss.text) else {
            if Distillation.laterLosses.contains(term.loss.text) {
                fields.report(.notYetAvailable(term.loss.text, instead: known, at: span))
            } else {
                fields.report(
                    .unknownValue(
                        term.loss.text, of: "\(field.field).loss", among: known + Distillation.laterLosses, at: span))
            }
            return nil
        }
        if let argument = term.argument {
            fields.report(
                Diagnostic(
                    code: "transfer-loss", "the loss '\(loss.rawValue)' takes no number in parentheses",
                    at: place(argument.range),
                    help: "leave it out"))
        }
        return loss
    }

    private func weight(_ term: TransferSyntax.Term) -> Double {
        guard let written = term.weight else { return 1 }
        guard let weight = Quantity.number(written.text), weight > 0, weight <= 100 else {
            fields.report(
                Diagnostic(
                    code: "out-of-range", "the weight of '\(term.loss.text)' must be a number above 0 and at most 100",
                    at: place(written.range), help: "leave a term of weight 0 out"))
            return 1
        }
        return weight
    }

    private func place(_ range: Range<Int>) -> SourceSpan { node?.span(ofText: range) ?? field.span }
}
