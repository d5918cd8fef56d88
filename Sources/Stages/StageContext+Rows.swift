import CanonicalJSON
import Engine

extension StageContext {
    /// The functions of a data artifact by name.
    func readFunctions(_ input: String) throws -> [String: FunctionDefinition] {
        guard let entries = try readJSON(input, "functions.json").array else {
            throw StageFailure("\(input)/functions.json is not a list of functions")
        }
        var functions: [String: FunctionDefinition] = [:]
        for entry in entries {
            do throws(RowError) {
                let function = try FunctionDefinition(json: entry)
                functions[function.name] = function
            } catch {
                throw StageFailure("\(input)/functions.json: \(error)")
            }
        }
        return functions
    }

    /// The rows of a file of a data artifact.
    func readRows(_ input: String, _ file: String) throws -> [Row] {
        try readLines(input, file).enumerated().map { index, line in
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
