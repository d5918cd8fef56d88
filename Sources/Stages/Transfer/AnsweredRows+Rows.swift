import Engine
import Kinds
import Words

extension AnsweredRows {
    /// The rows among these.
    func rows(among rows: [Row]) -> [Row] {
        let (own, others) = (domain.map(NamePattern.init), except.map(NamePattern.init))
        return rows.filter { row in
            let names = row.domainNames
            func isOf(_ patterns: [NamePattern]) -> Bool { names.contains { name in patterns.contains { $0.matches(name) } } }
            guard !isOf(others) else { return false }
            guard own.isEmpty else { return isOf(own) }
            let place = StableHash.unit("answers", 0, row.query)
            return place >= from && place < upTo
        }
    }
}

extension Row {
    /// The functions that the row calls, or its label.
    fileprivate var domainNames: [String] { answers.isEmpty ? [reply].compactMap(\.self) : answers.map(\.name) }
}

extension StageContext {
    /// The rows of a set that a stage answers.
    func answeredRows(_ part: AnsweredRows?, of set: RowSet) throws -> [Row] {
        let rows = try read(DataFiles.set(set.rawValue), from: "data")
        guard let part else { return rows }
        let answered = part.rows(among: rows)
        log("answers \(answered.count) of \(rows.count) rows; other teachers answer the others")
        return answered
    }
}
