import CanonicalJSON
import Engine

/// Reads a format whose rows can be read one by one.
protocol SingleRowReader: RowReader {
    static func read(_ record: JSON, set: String, place: String, into rows: inout IngestedRows) throws
}

extension RecordReader {
    static func read(_ record: JSON, set: String, place: String, into rows: inout IngestedRows) throws {
        for part in try parts(of: record) {
            switch part {
            case .row(let row, let functions): try rows.add(row, owning: functions, set: set, place: place)
            case .skipped(let reason): rows.skip(reason, place: place)
            }
        }
    }
}

extension RowLineReader {
    static func read(_ record: JSON, set: String, place: String, into rows: inout IngestedRows) throws {
        let (row, definitions) = try row(record.canonical)
        if RowSets.isNamed(set), !definitions.isEmpty {
            try rows.add(row, owning: definitions, set: set, place: place)
        } else {
            try rows.add(row, definitions, set: set, place: place)
        }
    }
}
