import CanonicalJSON
import Diagnostics
import Engine
import Foundation
import Planner
import TestSupport

@testable import Stages

/// What one run of `data.generate` writes.
struct Generation {
    var functions: Data
    var rowsFile: Data
    var rows: [Row]

    /// Runs the stage on the two files of a directory.
    init(
        _ directory: String, count: Int, seed: Int = 7, heldOutTemplates: Double = 0.15, heldOutValues: Double = 0.05
    ) throws {
        let source = Checkout.file(directory)
        let work = FileManager.default.temporaryDirectory.appending(path: "data-generate-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: work) }
        let output = work.appending(path: "output")
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        for (input, file) in [("functions", "functions.yaml"), ("templates", "utterances.yaml")] {
            let folder = work.appending(path: "inputs/\(input)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: source.appending(path: file), to: folder.appending(path: file))
        }
        let context = StageContext(inputs: work.appending(path: "inputs"), outputs: output, threads: 1) { _ in }
        try DataGenerate(count: count, seed: seed, heldOutTemplates: heldOutTemplates, heldOutValues: heldOutValues)
            .run(in: context)
        functions = try Data(contentsOf: output.appending(path: "functions.json"))
        rowsFile = try Data(contentsOf: output.appending(path: "rows.jsonl"))
        rows = try rowsFile.split(separator: UInt8(ascii: "\n")).map { try Row(json: JSON(parsing: $0)) }
    }

    var called: [Row] { rows.filter { !$0.answers.isEmpty } }
}

/// The library of two texts.
func library(functions: String, utterances: String) throws -> TemplateLibrary {
    try TemplateLibrary(
        functions: SourceText(path: "functions.yaml", text: functions),
        utterances: SourceText(path: "utterances.yaml", text: utterances))
}
