import Diagnostics
import Words

/// `data.candidates`: which functions each row lists. A number, or a mapping that says more.
package struct CandidatesSection: Sendable {
    /// Functions per row; 0 lists all.
    package let count: Spanned<Int>
    /// Share of the functions besides a row's own that are like them.
    package let similar: Spanned<Double>
    /// Share of the rows with a call that do not get to see its function, and so want none.
    package let missing: Spanned<Double>

    enum Definition {
        static let count = Field.integer("count", nil, in: 1...1000, "Functions listed with each row.")
        static let similar = Field.share(
            "similar", 0, in: 0...1, "Share of the functions besides its own that share a word with one that the row calls.")
        static let missing = Field.share(
            "missing", 0, in: 0...0.9,
            "Share of the rows with a call whose functions are not listed: those rows want no call.")
        static let mapping = MappingDefinition(
            "data.candidates", "The functions that a row lists, when they are not just any.", [count, similar, missing])
        static let alone = Field.integer("candidates", 0, in: 0...1000, "Functions listed with each row.")
        static let field = RawField(
            alone.name, .either([alone.definition.type, .mapping(mapping)]), standard: alone.definition.standard,
            "Functions listed with each row; 0 lists those that it came with, else all in domain.")
    }

    /// - Parameters:
    ///   - prompt: decides whether a model can see that a function is missing.
    ///   - retrieve: where it is there, it lists other functions later.
    init(reading data: Fields, prompt: Spanned<PromptStyle>, retrieve: RetrieveSection?) {
        guard let entry = data.entry(Definition.field.name), let mapping = entry.value.mapping else {
            count = data[Definition.alone]
            similar = data.standard("candidates.similar", 0)
            missing = data.standard("candidates.missing", 0)
            return
        }
        let fields = Fields(
            Definition.mapping, path: data.fullName(of: entry.name), anchor: entry.key.span, entries: mapping,
            findings: data.findings)
        if fields.node(Definition.count.name) == nil {
            fields.report(.missingField("count", in: fields.owner, at: fields.anchor, help: "add 'count: 4'"))
        }
        count = fields[Definition.count]
        similar = fields[Definition.similar]
        missing = fields[Definition.missing]
        guard missing.value > 0 else { return }
        if prompt.value == .query {
            fields.report(
                Diagnostic(
                    .conflict, "a prompt that lists no functions cannot miss one", at: missing.span,
                    secondary: prompt.isWritten ? [.init(prompt.span)] : [], help: "write 'prompt: tools' under 'data'"))
        }
        if retrieve != nil {
            fields.report(
                Diagnostic(
                    .conflict, "'retrieve' lists the functions that 'missing' leaves out", at: missing.span,
                    help: "keep one of the two: what retrieval does not find is missing as well"))
        }
    }
}
