import Declarations
import Diagnostics
import Kinds
import Words

/// `data.no_call`: rows that want no call, made of rows that do. A share alone is short for `{share: …}`.
extension DataNoCall {
    enum Definition {
        static let name = "no_call"
        static let share = Field.share(name, in: 0...0.5, "Share of the rows that are such copies.")
        static let mapping = MappingDefinition(
            "data.no_call",
            "Copies of rows from whose lists the functions that they call are left out, so that they want no call.",
            mayBeNone: true, DataNoCall.fields())
        static let section = SectionField(name, mapping)
        static let field = RawField(
            name, .either([share.definition.type, .mapping(mapping)]), standard: "`none`", mapping.documentation)
    }

    /// - Parameter prompt: decides whether a model can see that a function is missing.
    init?(reading data: Fields, prompt: Spanned<PromptStyle>) {
        guard let node = data.node(Definition.name), node.scalar?.text != "none" else { return nil }
        self = .standard
        if node.mapping != nil {
            read(data.section(Definition.section))
        } else {
            guard let share = data.written(Definition.share) else { return nil }
            $share = share
            $sets.place = share.place
            $seed.place = share.place
        }
        guard prompt.value == .query else { return }
        data.report(
            .conflict, "a prompt that lists no functions cannot miss one", at: node.span,
            secondary: prompt.isWritten ? [.init(prompt.span)] : [], help: "write 'prompt: tools' under 'data'")
    }
}
