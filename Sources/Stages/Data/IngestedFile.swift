import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

/// A file of rows among a stage's inputs.
struct IngestedFile {
    var url: URL
    /// Its path in the input, for messages.
    var name: String
    /// The set that it was named under.
    var set: String
    var format: RowFormat

    /// The bytes behind the mark that some programs begin UTF-8 with.
    func content() throws -> Data {
        let content = try Data(contentsOf: url)
        return content.starts(with: "\u{FEFF}".utf8) ? content.dropFirst(3) : content
    }

    /// Calls `body` with every line that is not blank and its place; numbers are as written. A `RowError` comes out with the
    /// place.
    func forEachLine(_ body: (JSON, String) throws -> Void) throws {
        let lines = try content().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isBlank {
            let place = "\(name), line \(index + 1)"
            do {
                try body(JSON(parsingAsWritten: line), place)
            } catch let error as JSONError {
                throw StageFailure("\(place): not JSON: \(error.reason) (column \(error.column))")
            } catch let error as RowError {
                throw StageFailure("\(place): \(error); fix the row or remove it")
            }
        }
    }

    /// Like `forEachLine`, for a file that may also be one list of rows.
    func forEachRow(_ body: (JSON, String) throws -> Void) throws {
        let content = try content()
        guard content.first(where: { !" \n\r\t".utf8.contains($0) }) == UInt8(ascii: "[") else {
            return try forEachLine(body)
        }
        let rows: [JSON]
        do throws(JSONError) {
            rows = try JSON(parsingAsWritten: content).array ?? []
        } catch {
            throw StageFailure("\(name), line \(error.line): not JSON: \(error.reason) (column \(error.column))")
        }
        for (index, row) in rows.enumerated() {
            let place = "\(name), row \(index + 1)"
            do {
                try body(row, place)
            } catch let error as RowError {
                throw StageFailure("\(place): \(error); fix the row or remove it")
            }
        }
    }
}

extension StageContext {
    /// The files of `train.0`, …, `test.0`, …, `set.0`, …, those in folders too, sorted by path within each.
    func ingestedFiles(of kind: DataIngest) throws -> [IngestedFile] {
        let named = kind.sets ?? []
        var files: [IngestedFile] = []
        for role in ["train", "test", "set"] {
            var number = 0
            while hasInput("\(role).\(number)") {
                let input = "\(role).\(number)"
                guard role != "set" || named.indices.contains(number) else {
                    throw StageFailure("'sets' names no set for the input \(input); name one for each")
                }
                let set = role == "set" ? named[number] : role
                files += try self.files(below: input).map {
                    IngestedFile(url: self.input(input, $0), name: $0, set: set, format: kind.format(of: input))
                }
                number += 1
            }
        }
        return files
    }
}
