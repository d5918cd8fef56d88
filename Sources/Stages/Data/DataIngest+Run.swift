import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension DataIngest: RunnableStage {
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .file(DataFiles.rows),
        .figures(ReadingReport.file),
    ]

    package func run(in context: StageContext) throws {
        let files = try context.ingestedFiles(of: self)
        var collected = try IngestedRows(task: TaskRows(context.taskDescription(of: self)))
        // Formats whose rows share functions come first: rows of other formats may define a function differently.
        for format in RowFormat.allCases {
            try format.reader.read(files.filter { $0.format == format }, into: &collected)
        }
        guard !collected.rows.isEmpty else {
            throw StageFailure((["the files hold no row"] + collected.report.lines).joined(separator: "; "))
        }
        if task == .rank { try collected.rankFunctions(negatives: negatives) }
        if let finding = collected.task.finding { context.log(finding) }
        if let warning = collected.warning { context.log(warning) }
        for line in collected.report.lines { context.log(line) }
        try context.write(FunctionPool(collected.functions.values), to: DataFiles.functions)
        try context.write(collected.task.finished())
        try context.write(collected.rows, to: DataFiles.rows)
        try context.write(collected.report.json, to: ReadingReport.file)
    }
}
