import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension DataIngest: RunnableStage {
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .file(DataFiles.rows),
        .figures(ReadingReport.file, as: ReadingReport.figures),
    ]

    package func run(in context: StageContext) throws {
        let files = try context.ingestedFiles(of: self)
        let rows = try LineWriter<Row>(to: context.output(DataFiles.rows.name))
        // Functions are ranked when all are known.
        var unranked: [Row] = []
        var copied = copy ? CopiedArguments() : nil
        var collected = try IngestedRows(task: TaskRows(context.taskDescription(of: self)), badRows: badRows, skip: skip) {
            row in
            copied?.add(row)
            if task == .rank { unranked.append(row) } else { try rows.write(row) }
        }
        if context.hasInput("functions") { collected.define(try context.readFunctionFile("functions")) }
        // Formats whose rows share functions come first: rows of other formats may define a function differently.
        for format in RowFormat.allCases {
            try format.reader.read(files.filter { $0.format == format }, into: &collected)
        }
        let functions = collected.functions.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { copied?.marked($0) ?? $0 }
        for row in try rankings(of: unranked, among: functions) { try rows.write(row) }
        try rows.finish()
        try collected.checkBadRows()
        for line in collected.report.lines { context.log(line) }
        if let copied { context.log(copied.line) }
        try collected.checkThatThereAreRows()
        if let finding = collected.task.finding { context.log(finding) }
        if let warning = collected.warning { context.log(warning) }
        try context.write(FunctionPool(task == .rank ? [] : functions), to: DataFiles.functions)
        try context.write(collected.task.finished())
        try context.write(collected.report.json, to: ReadingReport.file)
    }

    /// Makes rankings of functions of rows that call them: a row for each function, relevant where it is called.
    ///
    /// A training row ranks those that it calls and `negatives` others, chosen by hashes; a row of another set ranks all.
    private func rankings(of rows: [Row], among pool: [FunctionDefinition]) throws(StageFailure) -> [Row] {
        var ranked: [Row] = []
        for row in rows {
            do throws(RowError) {
                ranked += row.ranked == nil ? try row.ranking(of: pool, negatives: negatives) : [row]
            } catch {
                throw StageFailure("the row '\(row.id)': \(error)")
            }
        }
        return ranked
    }
}
