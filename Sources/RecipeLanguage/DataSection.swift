import Diagnostics

/// `data`: where rows come from, how they are divided, what a prompt shows.
public struct DataSection: Sendable {
    public enum Rows: Sendable {
        case generate(GenerateSection)
        case ingest(IngestSection)
    }

    public enum Prompt: String, CaseIterable, Sendable {
        case query
        case tools
    }

    public let rows: Rows
    public let split: SplitSection
    /// Functions listed per row; 0 lists all.
    public let candidates: Spanned<Int>
    public let prompt: Spanned<Prompt>

    init(reading recipe: Fields, sources: Set<String>) {
        let fields = recipe.section(
            "data", known: ["generate", "ingest", "split", "candidates", "prompt"], later: ["retrieve", "compress_prompt"])
        if fields.node("ingest") != nil {
            rows = .ingest(IngestSection(reading: fields, sources: sources))
            if let generate = fields.entry("generate"), let ingest = fields.entry("ingest") {
                recipe.report(
                    Diagnostic(
                        code: "conflict", "'data' has both 'generate' and 'ingest'", at: generate.key.span,
                        secondary: [.init(ingest.key.span)], help: "keep one of the two"))
            }
        } else {
            if fields.node("generate") == nil {
                let example = "'data: {generate: {functions: SOURCE, templates: SOURCE}}'"
                recipe.report(
                    .missingField(
                        fields.entries.isEmpty ? "data" : "generate", in: fields.entries.isEmpty ? "the recipe" : "'data'",
                        at: fields.anchor, help: "say where rows come from: \(example), or 'ingest' for files of rows"))
            }
            rows = .generate(GenerateSection(reading: fields, sources: sources))
        }
        split = SplitSection(reading: fields)
        candidates = fields.integer("candidates", default: Defaults.candidates, in: 0...1000)
        prompt = fields.choice("prompt", default: Prompt.query)
    }

    /// Sources that the rows are made of.
    public var sourceNames: [String] {
        switch rows {
        case .generate(let generate): [generate.functions.value, generate.templates.value]
        case .ingest(let ingest): (ingest.train.value + ingest.test.value).map(\.value)
        }
    }
}

/// `data.generate`: rows made of functions, templates and values.
public struct GenerateSection: Sendable {
    /// Names of sources.
    public let functions: Spanned<String>
    public let templates: Spanned<String>
    public let count: Spanned<Int>
    public let seed: Spanned<Int>
    public let heldOutTemplates: Spanned<Double>
    public let heldOutValues: Spanned<Double>

    init(reading data: Fields, sources: Set<String>) {
        let fields = data.section("generate", known: ["functions", "templates", "count", "seed", "hold_out"])
        functions = fields.source("functions", among: sources)
        templates = fields.source("templates", among: sources)
        count = fields.integer("count", default: Defaults.rows, in: 1...10_000_000)
        seed = fields.integer("seed", default: Defaults.dataSeed, in: 0...Int.max)
        let heldOut = fields.section("hold_out", known: ["templates", "values"])
        heldOutTemplates = heldOut.share("templates", default: Defaults.heldOutTemplates, in: 0...0.9)
        heldOutValues = heldOut.share("values", default: Defaults.heldOutValues, in: 0...0.9)
    }
}

/// `data.ingest`: files of rows in a published format.
public struct IngestSection: Sendable {
    public enum Format: String, CaseIterable, Sendable {
        case decant
        case openai
        case snips
    }

    public let format: Spanned<Format>
    /// Names of sources.
    public let train: Spanned<[Spanned<String>]>
    public let test: Spanned<[Spanned<String>]>

    init(reading data: Fields, sources: Set<String>) {
        let fields = data.section("ingest", known: ["format", "train", "test"])
        format = fields.choice("format", default: Format.decant, later: ["xlam", "bfcl"])
        train = fields.sourceList("train", among: sources)
        test = fields.sourceList("test", among: sources)
        if train.value.isEmpty {
            fields.report(.missingField("train", in: fields.owner, at: fields.anchor, help: "add 'train: SOURCE'"))
        }
    }
}

extension Fields {
    /// The name of a source, which must exist.
    fileprivate func source(_ name: String, among sources: Set<String>) -> Spanned<String> {
        let reference = text(name, default: "")
        if reference.isWritten {
            check(reference, among: sources)
        } else if node(name) == nil, !entries.isEmpty || entry(name) != nil {
            report(.missingField(name, in: owner, at: anchor, help: "add '\(name): SOURCE', a name under 'sources'"))
        }
        return reference
    }

    fileprivate func sourceList(_ name: String, among sources: Set<String>) -> Spanned<[Spanned<String>]> {
        let references = words(name)
        for reference in references.value { check(reference, among: sources) }
        return references
    }

    private func check(_ reference: Spanned<String>, among sources: Set<String>) {
        guard !sources.contains(reference.value) else { return }
        report(.unknownSource(reference.value, among: sources.sorted(), at: reference.span))
    }
}
