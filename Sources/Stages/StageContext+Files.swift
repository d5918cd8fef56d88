import CanonicalJSON
import Foundation

extension StageContext {
    package func write(_ text: String, to file: String) throws { try Data(text.utf8).write(to: output(file)) }

    /// Indented JSON, for files that people read.
    package func write(_ value: JSON, to file: String) throws { try write(value.prettyText, to: file) }

    /// JSON lines: one canonical value a line.
    package func write(lines: some Sequence<JSON>, to file: String) throws {
        var bytes: [UInt8] = []
        for line in lines {
            bytes.append(contentsOf: line.canonicalBytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        try Data(bytes).write(to: output(file))
    }

    package func readJSON(_ input: String, _ file: String) throws -> JSON {
        let bytes = try Data(contentsOf: self.input(input, file))
        do {
            return try JSON(parsing: bytes)
        } catch {
            throw StageFailure("\(input)/\(file): \(error)")
        }
    }

    /// Reads JSON lines; empty lines are skipped, a malformed one is named by its number.
    package func readLines(_ input: String, _ file: String) throws -> [JSON] {
        try readLines(input, file) { line throws(JSONError) in try JSON(parsing: line) }
    }

    func readLines(_ input: String, _ file: String, parse: (Data) throws(JSONError) -> JSON) throws -> [JSON] {
        let bytes = try Data(contentsOf: self.input(input, file))
        var values: [JSON] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            do throws(JSONError) {
                values.append(try parse(line))
            } catch {
                throw StageFailure("\(input)/\(file), line \(index + 1): \(error.reason) (column \(error.column))")
            }
        }
        return values
    }

    /// Copies a file of an input into the output, byte for byte, in place of one that is there already.
    package func copy(_ file: String, from input: String) throws {
        if FileManager.default.fileExists(atPath: output(file).path) { try FileManager.default.removeItem(at: output(file)) }
        try FileManager.default.copyItem(at: self.input(input, file), to: output(file))
    }
}
