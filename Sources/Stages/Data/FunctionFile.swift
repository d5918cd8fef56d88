import CanonicalJSON
import Diagnostics
import Engine
import Foundation

/// A file of functions as people have it.
package enum FunctionFile {
    /// Reads a list of `{name, description, parameters}`, as `functions.json` of data is, OpenAI's tools
    /// (`{type: function, function: {…}}`), an object that has either under `tools` or `functions`, or `functions.yaml`.
    ///
    /// - Parameter path: as messages name the file.
    /// - Returns: definitions by name; at least one.
    package static func read(_ bytes: [UInt8], path: String) throws(StageFailure) -> [String: FunctionDefinition] {
        let source = SourceText(path: path, bytes: bytes)
        let list = try list(in: source)
        let functions = if let list { try read(list, source) } else { try readYAML(source) }
        guard !functions.isEmpty else { throw StageFailure("\(source.path): the file defines no function") }
        return Dictionary(functions.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    /// The definitions or tools of a JSON file; `nil` where it is another file.
    private static func list(in source: SourceText) throws(StageFailure) -> [JSON]? {
        let first = source.bytes.first { !" \n\r\t".utf8.contains($0) }
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else { return nil }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsingAsWritten: source.bytes)
        } catch {
            if source.path.hasSuffix(".yaml") || source.path.hasSuffix(".yml") { return nil }
            throw StageFailure("\(source.path):\(error.line):\(error.column): not JSON: \(error.reason)")
        }
        return json.array ?? json["tools"]?.array ?? json["functions"]?.array
    }

    private static func read(_ entries: [JSON], _ source: SourceText) throws(StageFailure) -> [FunctionDefinition] {
        var functions: [FunctionDefinition] = []
        for (index, entry) in entries.enumerated() {
            var members = (entry["function"]?.object ?? entry.object) ?? [:]
            // OpenAI's tools may leave out parameters where there are none.
            if members["parameters"] == nil, entry["function"] != nil {
                members["parameters"] = ["type": "object", "properties": [:]]
            }
            do throws(RowError) {
                functions.append(try FunctionDefinition(json: .object(members)))
            } catch {
                throw StageFailure("\(source.path), function \(index + 1): \(error)")
            }
        }
        return functions
    }

    private static func readYAML(_ source: SourceText) throws(StageFailure) -> [FunctionDefinition] {
        var findings: [Diagnostic] = []
        let catalogue = FunctionsReader.read(source, &findings)
        if findings.hasErrors { throw StageFailure(findings.filter { $0.severity == .error }) }
        return catalogue.functions
    }
}

extension StageContext {
    /// The functions of an input that is one file of them.
    func readFunctionFile(_ input: String) throws -> [String: FunctionDefinition] {
        let files = try files(below: input)
        guard files.count == 1, let file = files.first else {
            throw StageFailure("the source of functions must be one file, not \(files.count)")
        }
        return try FunctionFile.read([UInt8](Data(contentsOf: self.input(input, file))), path: file)
    }
}
