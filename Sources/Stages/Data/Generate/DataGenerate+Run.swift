import Diagnostics
import Foundation
import Kinds

extension DataGenerate: RunnableStage {
    package func run(in context: StageContext) throws {
        let library = try TemplateLibrary(
            functions: context.onlyFile(of: "functions"), utterances: context.onlyFile(of: "templates"))
        let heldOut = HeldOutChoices(
            from: library, templateShare: heldOutTemplates, valueShare: heldOutValues, seed: seed)
        let rows = RowGenerator(library: library, heldOut: heldOut, seed: seed).rows(count: count)
        if rows.isEmpty { throw StageFailure("The templates give no rows: add templates under 'templates' or 'no_call'.") }
        try context.write(functions: library.functions)
        try context.write(rows: rows, to: "rows.jsonl")
        context.report(.init(done: rows.count, total: rows.count, unit: "row"))
    }
}

extension StageContext {
    /// The one file of an input, under its own name.
    fileprivate func onlyFile(of name: String) throws -> SourceText {
        let files = try FileManager.default.contentsOfDirectory(atPath: input(name).path).sorted()
        guard files.count == 1, let file = files.first else {
            throw StageFailure("The input '\(name)' of data.generate must be one file, not \(files.count).")
        }
        return SourceText(path: file, bytes: try Data(contentsOf: input(name, file)))
    }
}
