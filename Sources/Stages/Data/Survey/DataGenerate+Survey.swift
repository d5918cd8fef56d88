import Diagnostics
import Engine
import Kinds
import Words

extension DataGenerate {
    /// Rows that are made to see what becomes of them. More rows add none to a set that has none, as far as anybody knows.
    private static let mostRows = 10_000

    /// Reads functions and templates, and makes and divides rows of them.
    package func survey(functions: SourceText, templates: SourceText, split: DataSplit) -> DataSurvey {
        var findings: [Diagnostic] = []
        let library = TemplateLibrary(functions: functions, utterances: templates, &findings)
        let names = library.functions.map(\.name)
        guard !findings.hasErrors else {
            // Rows cannot be made; that a name is of no function can be told all the same.
            if !names.isEmpty { _ = split.outOfDomain(among: names, called: Set(names), &findings) }
            return DataSurvey(findings: findings)
        }
        let heldOut = HeldOutChoices(
            from: library, templateShare: heldOutTemplates, valueShare: heldOutValues, seed: seed)
        let rows = RowGenerator(library: library, heldOut: heldOut, seed: seed).rows(count: min(count, Self.mostRows))
        let anchor = templates.span(0..<0)
        guard !rows.isEmpty else {
            findings.report(
                "no-rows", "the templates give no rows", at: anchor, help: "add sentences under 'templates' or 'no_call'")
            return DataSurvey(findings: findings)
        }
        // Of very many functions, not each is among the rows that are made here.
        let isWhole = count <= Self.mostRows
        let called = isWhole ? Set(rows.flatMap { $0.answers.map(\.name) }) : library.askedFunctions
        let (sets, outside) = split.survey(
            rows, functions: names, called: called, anchor: anchor, &findings)
        let functions = Dictionary(library.functions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard isWhole else {
            let others: Set = outside.isDisjoint(with: called) ? [] : [RowSet.ood.rawValue]
            return DataSurvey(
                findings: findings, sets: others.union(sets.keys), rows: RowFigures(rows, sets: nil, functions: functions))
        }
        let taught = Set((sets[RowSets.training] ?? []).flatMap { $0.answers.map(\.name) })
        for group in library.groups where group.member == nil {
            guard let function = group.function, !taught.contains(function), !outside.contains(function),
                let first = group.templates.first
            else { continue }
            findings.warn(
                "no-training-rows",
                "no training row calls '\(function)': all its sentences fall into other sets, or are said before",
                at: first.span, help: "add sentences, raise 'data.generate.count', or name it under 'data.split.ood.functions'")
        }
        return DataSurvey(
            findings: findings, sets: Set(sets.keys),
            rows: RowFigures(rows, sets: sets.mapValues(\.count), functions: functions))
    }
}

extension TemplateLibrary {
    /// Names of the functions that some template asks for.
    var askedFunctions: Set<String> { Set(groups.compactMap { $0.templates.isEmpty ? nil : $0.function }) }
}
