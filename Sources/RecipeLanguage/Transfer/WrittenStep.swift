import Declarations
import Diagnostics
import SpannedYAML

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
        func part(_ part: TransferSyntax.Part) -> (text: String, span: SourceSpan) {
            (part.text, node.span(ofText: part.range))
        }
        method = part(step.method)
        star = step.star.map { node.span(ofText: $0.range) }
        terms = step.terms.map { Term($0, in: node) }
        mixture = step.brackets.map(node.span(ofText:))
        options = step.options.map { option in
            Node.Entry(
                key: Node(.scalar(.init(text: option.name.text, style: .plain)), at: part(option.name).span),
                value: Node(.scalar(.init(text: option.value.text, style: .plain)), at: part(option.value).span))
        }
    }
}

extension WrittenStep.Term {
    init(_ term: TransferSyntax.Term, in node: Node) {
        func part(_ part: TransferSyntax.Part) -> (text: String, span: SourceSpan) {
            (part.text, node.span(ofText: part.range))
        }
        let start = (term.weight ?? term.loss).range.lowerBound
        let end = (term.argument ?? term.loss).range.upperBound
        span = node.span(ofText: start..<end)
        loss = part(term.loss)
        weight = term.weight.map(part)
        argument = term.argument.map(part)
    }
}
