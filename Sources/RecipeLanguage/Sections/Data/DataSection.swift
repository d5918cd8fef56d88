import Declarations
import Diagnostics
import Kinds
import Words

/// `data`: where rows come from, how they are divided, what a prompt shows.
package struct DataSection: Sendable {
    package enum Rows: Sendable {
        case generate(GenerateSection)
        case ingest(IngestSection)
    }

    package let rows: Rows
    package let split: DataSplit
    package let prompt: Spanned<PromptStyle>
    /// `nil` where rows keep the functions that they have.
    package let retrieve: RetrieveSection?
    /// `nil` where rows get no snippets.
    package let knowledge: KnowledgeSection?
    /// `nil` where no model says questions in other words.
    package let paraphrase: ParaphraseSection?
    /// `nil` where questions stay as they are written.
    package let augment: DataAugment?
    /// `nil` where no rows are made that want no call.
    package let noCall: DataNoCall?
    /// Whether prompts are shortened to query, context, names and brief descriptions (From Large to Super-Tiny, appendix B).
    package let compressesPrompts: Spanned<Bool>

    enum Definition {
        static let generate = SectionField("generate", GenerateSection.Definition.mapping)
        static let ingest = SectionField("ingest", IngestSection.Definition.mapping)
        static let prompt = Field.choice(
            "prompt", PromptStyle.query, "What a prompt shows: the query alone, or the functions and then the query.")
        static let retrieve = SectionField("retrieve", RetrieveSection.Definition.mapping)
        static let knowledge = SectionField("knowledge", KnowledgeSection.Definition.mapping)
        static let paraphrase = SectionField("paraphrase", ParaphraseSection.Definition.mapping)
        static let augment = SectionField("augment", DataAugment.Definition.mapping)
        static let compressPrompt = Field.flag(
            "compress_prompt", false, "Whether prompts lose guidelines, format rules and examples (appendix B of the paper).")
        static let fields: [any DefinedField] = [
            generate, ingest, DataSplit.Definition.section, DataSplit.Definition.candidates, prompt, paraphrase, augment,
            retrieve, knowledge, DataNoCall.Definition.field, compressPrompt,
        ]
        static let mapping = MappingDefinition(
            "data", "Where rows come from (`generate` or `ingest`), how they are divided, what a prompt shows.", fields)
    }

    init(reading recipe: Fields, references: References) {
        self.init(own: recipe.section(Pipeline.Definition.data), references: references)
    }

    /// - Parameter fields: of the section itself.
    init(own fields: Fields, references: References) {
        if fields.node("ingest") != nil {
            rows = .ingest(IngestSection(reading: fields, references: references))
            if let generate = fields.entry("generate"), !generate.value.isNull, let ingest = fields.entry("ingest") {
                fields.report(
                    .conflict, "'data' has both 'generate' and 'ingest'", at: generate.key.span,
                    secondary: [.init(ingest.key.span)], help: "keep one of the two")
            }
        } else {
            if fields.node("generate") == nil {
                let example = "'data: {generate: {functions: SOURCE, templates: SOURCE}}'"
                fields.report(
                    .missingField(
                        fields.entries.isEmpty ? "data" : "generate", in: fields.entries.isEmpty ? "the recipe" : "'data'",
                        at: fields.anchor, help: "say where rows come from: \(example), or 'ingest' for files of rows"))
            }
            rows = .generate(GenerateSection(reading: fields, references: references))
        }
        prompt = fields[Definition.prompt]
        retrieve = RetrieveSection(reading: fields, references: references)
        let named = if case .ingest(let ingest) = rows { ingest.sets } else { [NamedRowSet]() }
        var split = DataSplit(reading: fields, prompt: prompt, retrieve: retrieve, named: named)
        if case .ingest(let ingest) = rows { split.$weights = ingest.weights }
        self.split = split
        knowledge = KnowledgeSection(reading: fields, references: references)
        paraphrase = ParaphraseSection(reading: fields, references: references)
        augment = DataAugment(reading: fields)
        noCall = DataNoCall(reading: fields, prompt: prompt)
        compressesPrompts = fields[Definition.compressPrompt]
    }

    /// Sources and stages that the rows are made of.
    package var references: [String] {
        let named = [
            retrieve?.encoder, retrieve?.describe?.from, knowledge?.snippets, knowledge?.encoder, paraphrase?.from,
        ]
        let searched = named.compactMap { $0?.value }
        switch rows {
        case .generate(let generate): return [generate.functions.value, generate.templates.value] + searched
        case .ingest(let ingest):
            return ingest.sources.map(\.name.value) + [ingest.functions?.value].compactMap(\.self) + searched
        }
    }
}

/// `data.generate`: rows made of functions, templates and values.
package struct GenerateSection: Sendable {
    /// Names of sources.
    package let functions: Spanned<String>
    package let templates: Spanned<String>
    package let kind: DataGenerate

    enum Definition {
        static let functions = Field.text("functions", required: true, "The source of the functions.")
        static let templates = Field.text("templates", required: true, "The source of the templates and their values.")
        static let heldOut = SectionField(
            "hold_out",
            MappingDefinition(
                "data.generate.hold_out", "What no training row shows.", DataGenerate.fields(of: "hold_out")))
        static let mapping = MappingDefinition(
            "data.generate", "Rows made of functions, templates and values.",
            [functions, templates] + DataGenerate.fields() + [heldOut])
    }

    init(reading data: Fields, references: References) {
        let fields = data.section(DataSection.Definition.generate)
        functions = fields.requiredReference(Definition.functions, among: references)
        templates = fields.requiredReference(Definition.templates, among: references)
        var kind = DataGenerate.standard
        kind.read(fields)
        kind.read(fields.section(Definition.heldOut), of: "hold_out")
        self.kind = kind
    }
}
