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
    ///   - functions: the file of functions for rows that bring none.
    ///   - hasOthers: whether there are sources besides, so that not all rows are known.
    package func survey(
        files: [SurveyedFile], schema: SourceText?, functions: SourceText? = nil, hasOthers: Bool, split: DataSplit
    ) -> DataSurvey {
        let limits = SurveyLimits()
        var findings: [Diagnostic] = []
        var rows: [Row] = []
        let isRanking = task == .rank
        let description = taskDescription(schema: schema, &findings)
        var reading = IngestedRows(task: TaskRows(description), badRows: badRows, skip: skip, lookingInto: limits) { row in
            rows.append(row)
            // What a row calls is ranked, and then not called.
            if isRanking { rows[rows.count - 1].answers = [] }
        }
        if let functions {
            do {
                reading.define(try FunctionFile.read(functions.bytes, path: functions.path))
            } catch {
                reading.note(error)
            }
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
        findings += faults(of: reading, in: files, isWhole: isWhole, &places)
        if !rows.isEmpty { findings += Self.skippedRows(of: reading, &places) }
        findings += Self.unfitAnswers(of: rows, reading, limits, &places)
        let known = RowFigures(rows, sets: nil, functions: reading.functions)
        guard isWhole, !findings.hasErrors, let first = files.first else { return DataSurvey(findings: findings, rows: known) }
        let earlier = reading.faults.count
        do {
            try reading.checkThatThereAreRows()
            _ = try reading.task.finished()
        } catch {
            reading.note(error)
        }
        findings += reading.faults.dropFirst(earlier).map { places.diagnostic("bad-rows", $0) }
        guard !findings.hasErrors else { return DataSurvey(findings: findings) }
        let sets = split.survey(
            rows, of: task, functions: reading.functions.keys.sorted(), called: Set(rows.flatMap { $0.answers.map(\.name) }),
            anchor: SourceText(withoutLines: first.path).span(0..<0), &findings
        ).sets
        let figures = RowFigures(rows, sets: sets.mapValues(\.count), functions: reading.functions)
        return DataSurvey(findings: findings, sets: Set(sets.keys), rows: figures)
    }

    /// What is wrong with records: errors, but for a share of them that the recipe allows. A fault that many have is told once.
    private func faults(
        of reading: IngestedRows, in files: [SurveyedFile], isWhole: Bool, _ places: inout FaultPlaces
    ) -> [Diagnostic] {
        let (bad, records) = (reading.faults.count { $0.place != nil }, reading.report.records)
        let allowsSome = badRows > 0 || skip > 0
        let isAllowed = reading.allows(bad: bad)
        let formats = Set(files.map(\.format.rawValue))
        var advice = "fix the row or remove it, or allow some with 'skip: \(bad)' or 'bad_rows: 1%' under data.ingest"
        if allowsSome {
            advice = "\(bad) of the \(records) records that were looked into are bad; \(reading.allowance)"
        } else if bad == records, bad > 1, let format = formats.first, formats.count == 1 {
            let others = RowFormat.allCases.map(\.rawValue).filter { $0 != format }.joined(separator: ", ")
            advice = "no record is a row of the format '\(format)'; 'format' under data.ingest names another: \(others)"
        }
        var counts: [String: Int] = [:]
        for fault in reading.faults { counts[fault.reason, default: 0] += 1 }
        return reading.faults.compactMap { fault in
            guard fault.place != nil else { return places.diagnostic("bad-file", fault) }
            guard !isAllowed, let count = counts.removeValue(forKey: fault.reason) else { return nil }
            var told = fault
            if count > 1 { told.reason += " (and so \(count - 1) more)" }
            // Those behind may be better.
            return places.diagnostic("bad-row", told, allowsSome && !isWhole ? .warning : .error, help: advice)
        }
    }

    /// What was left out that somebody may not have meant to be.
    private static func skippedRows(of reading: IngestedRows, _ places: inout FaultPlaces) -> [Diagnostic] {
        SkipReason.allCases.filter(\.isSuspicious).compactMap { reason in
            guard let first = reading.report.firstPlace(of: reason) else { return nil }
            let count = reading.report.count(of: reason)
            let subject = count == 1 ? "this is" : "this and \(count - 1) more are"
            let fault = RowFault(place: nil, reason: "\(first): \(subject) left out: \(reason.words)")
            return places.diagnostic("skipped-rows", fault, .warning)
        }
    }

    /// Answers that do not fit the row's functions.
    private static func unfitAnswers(
        of rows: [Row], _ reading: IngestedRows, _ limits: SurveyLimits, _ places: inout FaultPlaces
    ) -> [Diagnostic] {
        var findings: [Diagnostic] = []
        for row in rows where findings.count < limits.faults {
            guard let reason = row.answerFault(functions: reading.functions), let place = reading.place(of: row.id) else {
                continue
            }
            let fault = RowFault(place: place, reason: "the answer does not fit the row's functions: \(reason)")
            findings.append(
                places.diagnostic(
                    "bad-answer", fault, .warning,
                    help: "fix the answer or the function: no answer that fits the functions is right here"))
        }
        return findings
    }
}
