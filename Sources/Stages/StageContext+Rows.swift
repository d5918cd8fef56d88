import CanonicalJSON
import Engine
import Foundation

extension StageContext {
    /// The functions of a data artifact by name.
    func readFunctions(_ input: String) throws -> [String: FunctionDefinition] {
        let bytes = try Data(contentsOf: self.input(input, "functions.json"))
        let functions: JSON
        do throws(JSONError) {
            functions = try JSON(parsingAsWritten: bytes)
        } catch {
            throw StageFailure("\(input)/functions.json: \(error)")
        }
        guard let entries = functions.array else {
            throw StageFailure("\(input)/functions.json is not a list of functions")
        }
        var definitions: [String: FunctionDefinition] = [:]
        for entry in entries {
            do throws(RowError) {
                let function = try FunctionDefinition(json: entry)
                definitions[function.name] = function
            } catch {
                throw StageFailure("\(input)/functions.json: \(error)")
            }
        }
        return definitions
    }

    /// The rows of a file of a data artifact, numbers as written.
    func readRows(_ input: String, _ file: String) throws -> [Row] {
        let lines = try readLines(input, file) { line throws(JSONError) in try JSON(parsingAsWritten: line) }
        return try lines.enumerated().map { index, line in
            do throws(RowError) {
                return try Row(json: line)
            } catch {
                throw StageFailure("\(input)/\(file), row \(index + 1): \(error)")
            }
        }
    }

    /// Writes functions sorted by name and rows in their order.
    func write(functions: [FunctionDefinition]) throws {
        try write(.array(functions.sorted { $0.name < $1.name }.map(\.json)), to: "functions.json")
    }

    func write(rows: [Row], to file: String) throws { try write(lines: rows.map(\.json), to: file) }
}
