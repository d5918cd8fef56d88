import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension DataIngest: RunnableStage {
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.rows), .figures(ReadingReport.file, as: ReadingReport.figures),
    ]

    package func run(in context: StageContext) throws {
        let files = try context.ingestedFiles(of: self)
        let rows = try LineWriter<Row>(to: context.output(DataFiles.rows.name))
        var collected = IngestedRows(badRows: badRows) { try rows.write($0) }
        // Formats whose rows share functions come first: rows of other formats may define a function differently.
        for format in RowFormat.allCases {
            try format.reader.read(files.filter { $0.format == format }, into: &collected)
        }
        try rows.finish()
        try collected.checkBadRows()
        for line in collected.report.lines { context.log(line) }
        guard collected.report.rows > 0 else { throw StageFailure("the files hold no row") }
        if let warning = collected.warning { context.log(warning) }
        try context.write(FunctionPool(collected.functions.values), to: DataFiles.functions)
        try context.write(collected.report.json, to: ReadingReport.file)
    }
}
