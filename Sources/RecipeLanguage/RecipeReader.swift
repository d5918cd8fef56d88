import Diagnostics
import SpannedYAML

/// What came of reading a recipe.
public struct RecipeReading: Sendable {
    /// `nil` where there are errors.
    public let recipe: Recipe?
    /// All problems of the file, by position.
    public let diagnostics: [Diagnostic]
}

/// From a file to a checked recipe.
public enum RecipeReader {
    /// Fields of the top level that belong to the language without being available yet.
    private static let later = ["vars", "extends", "stages"]

    public static func read(_ source: SourceText) -> RecipeReading {
        var limits = YAMLLimits()
        limits.bytes = 256 << 10
        limits.nodes = 20_000
        let (root, problems) = YAMLParser.parse(source, limits: limits)
        guard let root else { return RecipeReading(recipe: nil, diagnostics: problems) }
        let findings = Findings(source)
        let recipe = recipe(from: root, of: source, findings)
        let diagnostics = (problems + findings.diagnostics).sortedByPosition()
        return RecipeReading(recipe: diagnostics.hasErrors ? nil : recipe, diagnostics: diagnostics)
    }

    private static func recipe(from root: Node, of source: SourceText, _ findings: Findings) -> Recipe? {
        guard let entries = root.mapping else {
            findings.report(
                Diagnostic(
                    code: "wrong-type", "a recipe is a mapping of fields, not \(root.describedKind)", at: root.span,
                    help: "start with 'decant: 1'"))
            return nil
        }
        let fields = fields(entries, in: source, findings)
        checkVersion(fields)
        let sources = Source.list(reading: fields)
        let names = Set(sources.map(\.name.value))
        let matrix = Matrix(reading: fields)
        checkReplaced(entries, names, in: source, findings)
        var variants: [Recipe.Variant] = []
        for combination in matrix.combinations where findings.diagnostics.count < Findings.most {
            let varied = self.fields(matrix.apply(combination, to: entries), in: source, findings)
            let pipeline = Pipeline(reading: varied, sources: names)
            variants.append(.init(choices: matrix.choices(of: combination), pipeline: pipeline))
        }
        if !findings.diagnostics.hasErrors { warnOfUnused(sources, by: variants, findings) }
        return Recipe(
            text: source, name: name(fields, source), description: fields.text("description", default: ""),
            sources: sources, variants: variants)
    }

    private static func fields(_ entries: [Node.Entry], in source: SourceText, _ findings: Findings) -> Fields {
        Fields(
            path: "", owner: "the recipe", anchor: source.span(0..<0), entries: entries,
            known: ["decant", "name", "description", "sources"] + Pipeline.fields + ["matrix"], later: later, findings: findings)
    }

    /// Values that the matrix replaces must be well formed too. Whether they fit together is asked of the variants alone.
    private static func checkReplaced(
        _ entries: [Node.Entry], _ sources: Set<String>, in source: SourceText, _ findings: Findings
    ) {
        let form: Set = ["unknown-field", "unknown-value", "wrong-type", "out-of-range", "transfer-syntax", "transfer-loss"]
        let alone = Findings(source)
        _ = Pipeline(reading: fields(entries, in: source, alone), sources: sources)
        for diagnostic in alone.diagnostics where form.contains(diagnostic.code) { findings.report(diagnostic) }
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
                Diagnostic(
                    code: "unknown-version", "this is not a version of the language that this program reads", at: node.span,
                    label: "unknown version", help: "write 'decant: 1'"))
        }
    }

    /// The recipe's name names its branch; the file's name stands in for one that is left out.
    private static func name(_ fields: Fields, _ source: SourceText) -> Spanned<String> {
        let file = source.path.split(separator: "/").last.map(String.init) ?? ""
        let stem = file.split(separator: ".").first.map(String.init) ?? ""
        let name = fields.text("name", default: stem.isPlainName ? stem : "recipe")
        if !name.value.isPlainName {
            fields.report(
                Diagnostic(
                    code: "bad-name", "'\(Diagnostic.shortened(name.value))' cannot name a recipe", at: name.span,
                    help: "use letters, digits, '-', '_' and '.', a letter or digit first: the name is also a branch"))
        }
        return name
    }

    private static func warnOfUnused(_ sources: [Source], by variants: [Recipe.Variant], _ findings: Findings) {
        let used = Set(variants.flatMap(\.pipeline.data.sourceNames))
        for source in sources where !used.contains(source.name.value) {
            findings.report(
                Diagnostic(
                    .warning, code: "unused-source", "nothing uses the source '\(source.name.value)'", at: source.name.span))
        }
    }
}
