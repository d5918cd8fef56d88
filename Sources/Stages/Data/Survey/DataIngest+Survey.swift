import Diagnostics
import Foundation
import Kinds
import Words

/// A file of rows that can be looked into before anything runs.
package struct SurveyedFile: Sendable {
    package var url: URL
    /// As diagnostics show it.
    package var path: String
    /// The set that it is named under.
    package var set: String
    package var format: RowFormat
    /// Its first bytes: all, or as many as `mostBytes`.
    package var beginning: [UInt8]
    package var isWhole: Bool

    package static let mostBytes = 4 << 20

    package init(url: URL, path: String, set: String, format: RowFormat, beginning: [UInt8], isWhole: Bool) {
        (self.url, self.path, self.set, self.format) = (url, path, set, format)
        (self.beginning, self.isWhole) = (beginning, isWhole)
    }

    /// The text, which ends with a line unless it is all; `nil` where not even one line was read.
    var text: SourceText? {
        if isWhole { return SourceText(path: path, bytes: beginning) }
        return beginning.lastIndex(of: UInt8(ascii: "\n")).map { SourceText(path: path, bytes: beginning[...$0]) }
    }
}

extension DataIngest {
    /// Reads the first rows of each file.
    ///
    /// - Parameter hasOthers: whether there are sources besides, so that not all rows are known.
    package func survey(files: [SurveyedFile], hasOthers: Bool, split: DataSplit) -> DataSurvey {
        var reading = RowSurvey()
        for format in RowFormat.allCases { reading.read(files.filter { $0.format == format }) }
        reading.checkAnswers()
        let anchor = files.first.map { SourceText(path: $0.path, text: "").span(0..<0) }
        guard let anchor, reading.isWhole, !hasOthers, !reading.findings.hasErrors else {
            return DataSurvey(findings: reading.findings)
        }
        var findings = reading.findings
        let rows = reading.collected.rows
        let sets = split.survey(
            rows, functions: reading.collected.functions.keys.sorted(),
            called: Set(rows.flatMap { $0.answers.map(\.name) }), anchor: anchor, &findings
        ).sets
        return DataSurvey(findings: findings, sets: Set(sets.keys))
    }
}
