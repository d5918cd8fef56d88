import Declarations
import Diagnostics
import Kinds
import SpannedYAML

/// What a person wrote, with every default filled in. docs/recipe-language.md lists the fields.
package struct Recipe: Sendable {
    package let text: SourceText
    /// The recipes that this one extends, the nearest first.
    package let bases: [SourceText]
    package let name: Spanned<String>
    package let description: Spanned<String>
    /// Where the matrix is written; `nil` without one.
    package let matrix: SourceSpan?
    /// Sorted by name.
    package let sources: [Source]
    /// In the matrix's order, the last axis fastest; one without choices where there is no matrix.
    package let variants: [Variant]
    /// One pipeline of each set of variants that differ in nothing but the student's seed: such variants refer to the same
    /// names, and evaluate the same sets.
    package let pipelinesButForSeeds: [Pipeline]

    init(
        text: SourceText, bases: [SourceText], name: Spanned<String>, description: Spanned<String>, matrix: SourceSpan?,
        sources: [Source], variants: [Variant]
    ) {
        (self.text, self.bases, self.name, self.description) = (text, bases, name, description)
        (self.matrix, self.sources, self.variants) = (matrix, sources, variants)
        var seen: Set<[ObjectIdentifier]> = []
        pipelinesButForSeeds = variants.lazy.map(\.pipeline).filter { seen.insert($0.identityButForSeed).inserted }
    }

    /// One combination of the matrix.
    package struct Variant: Sendable {
        /// A value that an axis of the matrix takes.
        package struct Choice: Hashable, Sendable {
            /// Dotted: `prune.ratio`.
            package let field: String
            /// The value as short text: `20%`, `hidden=128`.
            package let label: String
            /// Of the value in the axis.
            package let index: Int
        }

        /// One per axis, in the matrix's order.
        package let choices: [Choice]
        package let pipeline: Pipeline
    }

    /// The recipe where it is known which sets have rows: what the files of the data tell, and the recipe alone does not.
    ///
    /// - Parameter sets: by `dataIdentity`.
    package func knowing(_ sets: [Pipeline.DataIdentity: Set<String>]) -> Recipe {
        guard !sets.isEmpty else { return self }
        return Recipe(
            text: text, bases: bases, name: name, description: description, matrix: matrix, sources: sources,
            variants: variants.map { variant in
                Variant(choices: variant.choices, pipeline: variant.pipeline.knowing(sets: sets[variant.pipeline.dataIdentity]))
            })
    }

    /// The source of a name; readers have checked that names exist.
    package func source(named name: String) -> Source? { sources.first { $0.name.value == name } }
}

/// What came of reading a recipe.
package struct RecipeReading: Sendable {
    /// `nil` where there are errors.
    package let recipe: Recipe?
    /// All problems of the file and of those that it extends, by position.
    package let diagnostics: [Diagnostic]
}

/// From a file to a checked recipe.
package enum RecipeReader {
    /// Brings the text of a file that another one names; `nil` where there is none.
    package typealias Loader = (_ path: String, _ from: SourceText) -> SourceText?

    static let decant = RawField("decant", .choice(["1"]), required: true, "The version of the language.")
    static let name = Field.text("name", "Names the recipe's branch in the store; the file's name by default.")
    static let description = Field.text("description", "For people; never causes a rebuild.")
    package static let definition = MappingDefinition(
        "recipe", "The whole file.",
        [decant, name, description, Extension.field, Variables.field, Source.Definition.field] + Pipeline.Definition.fields + [
            Matrix.field
        ])

    /// - Parameters:
    ///   - kinds: what stages of the recipe's own may be.
    ///   - loader: reads files that `extends` names; without one there are none.
    package static func read(
        _ source: SourceText, kinds: KindCatalogue = .standard, loading loader: @escaping Loader = { _, _ in nil }
    ) -> RecipeReading {
        let (root, problems) = YAMLParser.parse(source, limits: limits)
        guard let root else { return RecipeReading(recipe: nil, diagnostics: problems) }
        let findings = Findings(source)
        let recipe = recipe(from: root, of: source, kinds, loader, findings)
        let diagnostics = (problems + findings.diagnostics).sortedByPosition()
        return RecipeReading(recipe: diagnostics.hasErrors ? nil : recipe, diagnostics: diagnostics)
    }

    static var limits: YAMLLimits {
        var limits = YAMLLimits()
        limits.bytes = 256 << 10
        limits.nodes = 20_000
        return limits
    }

    private static func recipe(
        from root: Node, of source: SourceText, _ kinds: KindCatalogue, _ loader: @escaping Loader, _ findings: Findings
    ) -> Recipe? {
        guard let entries = root.mapping else {
            findings.report(
                .wrongType, "a recipe is a mapping of fields, not \(root.describedKind)", at: root.span,
                help: "start with 'decant: 1'")
            return nil
        }
        var extended = Extension(loader: loader, findings: findings)
        let merged = extended.merge(entries, of: source)
        let fields = Fields(
            definition, path: "", owner: "the recipe", anchor: source.span(0..<0), entries: merged, findings: findings)
        checkVersion(fields)
        if extended.isIncomplete, fields.node("data") == nil { return nil }
        let expanded = ExpandedRecipe(fields)
        let sources = Source.list(reading: expanded.fields(for: "sources", expanded.firstCombination, findings))
        let stages = (fields.node("stages")?.mapping ?? []).map { $0.name }
        let references = References(sources: sources, stages: stages, kinds: kinds)
        checkReplaced(expanded, references, findings, source)
        let variants = variants(of: expanded, references, findings)
        let isRight = !findings.diagnostics.hasErrors
        let recipe = Recipe(
            text: source, bases: extended.bases, name: RecipeName.read(fields, name, of: source),
            description: fields[description], matrix: fields.entry("matrix")?.key.span, sources: sources, variants: variants)
        if isRight { warnOfUnused(in: recipe, findings) }
        return recipe
    }

    private static func variants(
        of recipe: ExpandedRecipe, _ references: References, _ findings: Findings
    ) -> [Recipe.Variant] {
        var reader = PipelineReader(recipe, references: references, findings: findings)
        var variants: [Recipe.Variant] = []
        var checked: Set<[ObjectIdentifier]> = []
        for combination in recipe.matrix.combinations where findings.hasRoom {
            let pipeline = reader.pipeline(of: combination)
            if checked.insert(pipeline.identityButForSeed).inserted {
                PipelineChecks(pipeline: pipeline, findings: findings).run()
            }
            variants.append(.init(choices: recipe.matrix.choices(of: combination), pipeline: pipeline))
        }
        return variants
    }

    /// Values that the matrix replaces must be well formed too. Whether they fit together is asked of the variants alone.
    private static func checkReplaced(
        _ recipe: ExpandedRecipe, _ references: References, _ findings: Findings, _ source: SourceText
    ) {
        guard !recipe.matrix.axes.isEmpty else { return }
        let form: [Problem] = [
            .unknownField, .unknownValue, .wrongType, .outOfRange, .transferSyntax, .transferLoss, .transferStar,
            .unknownVariable,
        ]
        let alone = Findings(source)
        var reader = PipelineReader(recipe.withoutMatrix, references: references, findings: alone)
        _ = reader.pipeline(of: [])
        for diagnostic in alone.diagnostics where form.contains(where: { $0.rawValue == diagnostic.code }) {
            findings.report(diagnostic)
        }
    }

    private static func checkVersion(_ fields: Fields) {
        guard let node = fields.node("decant") else {
            fields.report(
                .missingField(
                    "decant", in: "the recipe", at: fields.anchor,
                    help: "add 'decant: 1', the version of the language, as the first line"))
            return
        }
        if node.scalar?.text != "1" {
            fields.report(
                .unknownVersion, "this is not a version of the language that this program reads", at: node.span,
                label: "unknown version", help: "write 'decant: 1'")
        }
    }

    private static func warnOfUnused(in recipe: Recipe, _ findings: Findings) {
        guard !recipe.sources.isEmpty else { return }
        let used = Set(recipe.pipelinesButForSeeds.flatMap(\.referredNames))
        for source in recipe.sources where !used.contains(source.name.value) {
            findings.report(.unusedSource, "nothing uses the source '\(source.name.value)'", at: source.name.span)
        }
    }
}

extension Pipeline {
    /// Names of all sources and stages that sections refer to.
    package var referredNames: [String] {
        var names = data.references
        names += [teacher.origin.reference, student.origin.reference, judge.from].compactMap { $0?.value }
        names += [tokenizer.origin, student.tokenizer?.origin].compactMap { $0?.value }
        names += teachers.compactMap { $0.origin.reference?.value }
        names += ([task] + datasets.map(\.task)).compactMap { $0.schemaSource?.value }
        names += datasets.flatMap(\.data.references)
        names += [judge.script, judge.validation?.labels, reward.script].compactMap { $0?.value }
        names += [evaluate.perplexity?.text, evaluate.compare?.sheet].compactMap { $0?.value }
        names += calibrations.filter { $0.origin(in: data) == .text }.map(\.name.value)
        names += baselineEncoder.map { [$0.value] } ?? []
        for stage in stages { names += stage.inputs.map(\.reference.value) }
        return names
    }
}
