import CanonicalJSON
import Engine
import Foundation
import Planner

extension DataIngest: RunnableStage {
    public var limitation: String? {
        format == .xlam || format == .bfcl ? "rows of the format \(format.rawValue) are not read by this version yet" : nil
    }

    public func run(in context: StageContext) throws {
        var collected = IngestedRows()
        for set in ["train", "test"] {
            var number = 0
            while context.hasInput("\(set).\(number)") {
                for file in try context.files(of: "\(set).\(number)") {
                    try ingest(file, set: set, into: &collected)
                }
                number += 1
            }
        }
        guard !collected.rows.isEmpty else { throw StageFailure("the files hold no row") }
        if format == .snips { collected.functions = SNIPSReader.functions(called: collected.rows) }
        try context.write(functions: Array(collected.functions.values))
        try context.write(rows: collected.rows, to: "rows.jsonl")
    }

    private func ingest(_ file: URL, set: String, into collected: inout IngestedRows) throws {
        let content = try Data(contentsOf: file)
        let name = file.lastPathComponent
        switch format {
        case .xlam, .bfcl: throw StageFailure(limitation ?? "")
        case .snips:
            for row in try SNIPSReader.rows(in: content, file: name) { try collected.add(row, [], set: set, place: name) }
        case .decant, .openai:
            let read = format == .decant ? DecantRowReader.row : OpenAIRowReader.row
            for (index, line) in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
                let place = "\(name), line \(index + 1)"
                do {
                    let (row, functions) = try read(JSON(parsing: line))
                    try collected.add(row, functions, set: set, place: place)
                } catch let error as JSONError {
                    throw StageFailure("\(place): not JSON: \(error.reason) (column \(error.column))")
                } catch let error as RowError {
                    throw StageFailure("\(place): \(error); mend the row or take it out")
                }
            }
        }
    }
}

/// Rows and functions as files are read.
struct IngestedRows {
    private(set) var rows: [Row] = []
    var functions: [String: FunctionDefinition] = [:]
    private var places: [String: String] = [:]

    /// Adds a row; an id that was read before, or a function that was defined otherwise before, is refused.
    mutating func add(_ row: Row, _ definitions: [FunctionDefinition], set: String, place: String) throws {
        if let earlier = places.updateValue(place, forKey: row.id) {
            throw StageFailure("\(place): the id '\(row.id)' was used before, in \(earlier); ids must be unique")
        }
        for definition in definitions {
            if let known = functions.updateValue(definition, forKey: definition.name), known != definition {
                throw StageFailure("\(place): the function '\(definition.name)' was defined otherwise before")
            }
        }
        if let unknown = row.answers.first(where: { !definitions.isEmpty && functions[$0.name] == nil }) {
            throw StageFailure("\(place): the answer calls '\(unknown.name)', which the row's tools do not have")
        }
        var row = row
        row.set = set
        rows.append(row)
    }
}

extension StageContext {
    /// The files of an input, those in its folders too, sorted by path.
    func files(of name: String) throws -> [URL] {
        try FileManager.default.subpathsOfDirectory(atPath: input(name).path).sorted().map { input(name, $0) }
            .filter { !$0.hasDirectoryPath && (try? $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) != true }
    }
}
