import CanonicalJSON
import Diagnostics
import Engine
import Foundation
import Kinds
import Words

extension DataIngest {
    /// Reads the first rows of each file as a build will.
    ///
    /// - Parameters:
    ///   - schema: the file that `task.schema` names.
    ///   - hasOthers: whether there are sources besides, so that not all rows are known.
    package func survey(
        files: [SurveyedFile], schema: SourceText?, hasOthers: Bool, split: DataSplit
    ) -> DataSurvey {
        let limits = SurveyLimits()
        var findings: [Diagnostic] = []
        var rows: [Row] = []
        let isRanking = task == .rank
        let description = taskDescription(schema: schema, &findings)
        var reading = IngestedRows(task: TaskRows(description), badRows: badRows, lookingInto: limits) { row in
            rows.append(row)
            // What a row calls is ranked, and then not called.
            if isRanking { rows[rows.count - 1].answers = [] }
        }
        var isWhole = !hasOthers
        for format in RowFormat.allCases {
            var own = files.filter { $0.format == format }
            if format.reader.readsWholeFiles, !own.allSatisfy({ $0.isSmall(limits) }) { (own, isWhole) = ([], false) }
            do {
                try format.reader.read(own.map(\.ingested), into: &reading)
            } catch {
                reading.note(error)
            }
        }
        isWhole = isWhole && reading.isWhole
        var places = FaultPlaces(in: files)
        findings += faults(of: reading, isWhole: isWhole, &places)
        findings += Self.unfitAnswers(of: rows, reading, limits, &places)
        guard isWhole, !findings.hasErrors, let first = files.first else { return DataSurvey(findings: findings) }
        let earlier = reading.faults.count
        if rows.isEmpty { reading.note(StageFailure("\(first.path): the files hold no row")) }
        do {
            _ = try reading.task.finished()
        } catch {
            reading.note(error)
        }
        findings += reading.faults.dropFirst(earlier).map { places.diagnostic("bad-rows", $0) }
        guard !findings.hasErrors else { return DataSurvey(findings: findings) }
        let sets = split.survey(
            rows, functions: reading.functions.keys.sorted(), called: Set(rows.flatMap { $0.answers.map(\.name) }),
            anchor: SourceText(withoutLines: first.path).span(0..<0), &findings
        ).sets
        return DataSurvey(findings: findings, sets: Set(sets.keys))
    }

    /// What is wrong with records: errors, but for a share of them that the recipe allows.
    private func faults(of reading: IngestedRows, isWhole: Bool, _ places: inout FaultPlaces) -> [Diagnostic] {
        let bad = reading.faults.count { $0.place != nil }
        let isAllowed = Double(bad) <= badRows * Double(reading.report.records)
        return reading.faults.compactMap { fault in
            guard fault.place != nil else { return places.diagnostic("bad-file", fault) }
            if badRows > 0, isAllowed { return nil }
            // Those behind may be better.
            return places.diagnostic(
                badRows > 0 && !isWhole ? .warning : .error, "bad-row", fault,
                help: badRows > 0
                    ? "\(bad) of the \(reading.report.records) records that were looked into are bad; 'bad_rows' allows "
                        + badRows.percentage
                    : "fix the row or remove it, or allow some with 'bad_rows: 1%' under data.ingest")
        }
    }

    /// Answers that the rules of `ast` reject: no model can be right there.
    private static func unfitAnswers(
        of rows: [Row], _ reading: IngestedRows, _ limits: SurveyLimits, _ places: inout FaultPlaces
    ) -> [Diagnostic] {
        var findings: [Diagnostic] = []
        for row in rows where !row.answers.isEmpty && findings.count < limits.faults {
            let verdict = AnswerJudge.ast.verdict(on: row.answers, for: row, functions: reading.functions)
            guard case .rejected(let reason) = verdict, let place = reading.place(of: row.id) else { continue }
            let fault = RowFault(place: place, reason: "the answer does not fit the row's functions: \(reason)")
            findings.append(
                places.diagnostic(
                    .warning, "bad-answer", fault,
                    help: "fix the answer or the function; this row counts as wrong whatever a model says"))
        }
        return findings
    }
}
