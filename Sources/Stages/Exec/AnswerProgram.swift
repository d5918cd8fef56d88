import CanonicalJSON
import Foundation
import Kinds

/// A program of a recipe that reads answers and writes a line about each. It runs as commands of the kind `exec` do, in folders
/// that are gone afterwards, and sees the files of the stage's input `script`.
struct AnswerProgram {
    let context: StageContext
    /// The program, looked up along `PATH`, and its arguments.
    let command: [String]
    /// Seconds.
    var timeLimit = Exec.standard.timeLimit

    static let script = "script"

    /// - Parameters:
    ///   - lines: what the program reads, as `inputs/NAME/NAME.jsonl`.
    ///   - output: what it writes below `outputs/`.
    func run<Line: LineContent>(on lines: [JSON], named name: String, writing output: File<[Line]>) throws -> [Line] {
        let files = FileManager.default
        let place = context.outputs.deletingLastPathComponent().appending(path: "program", directoryHint: .isDirectory)
        try? files.removeItem(at: place)
        defer { try? files.removeItem(at: place) }
        let inputs = place.appending(path: "inputs", directoryHint: .isDirectory)
        let outputs = place.appending(path: "outputs", directoryHint: .isDirectory)
        let answers = inputs.appending(path: name, directoryHint: .isDirectory)
        for folder in [answers, outputs] { try files.createDirectory(at: folder, withIntermediateDirectories: true) }
        try lines.write(to: answers.appending(path: "\(name).jsonl"))
        // File by file, into folders that can be removed: those of an input may be read-only.
        for path in context.hasInput(Self.script) ? try context.files(below: Self.script) : [] {
            let copy = inputs.appending(path: "\(Self.script)/\(path)")
            try files.createDirectory(at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try files.copyItem(at: context.input(Self.script, path), to: copy)
        }
        var exec = Exec.standard
        (exec.command, exec.outputs, exec.timeLimit) = (command, [output.name], timeLimit)
        try exec.run(in: context.with(inputs: inputs, outputs: outputs))
        return try [Line](reading: outputs.appending(path: output.name), named: "outputs/\(output.name)")
    }
}
