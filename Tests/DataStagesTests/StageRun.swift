import CanonicalJSON
import Foundation
import Stages
import Testing
import TestSupport

/// One stage with the files of its inputs, in directories that go with the test.
final class StageRun {
    private let temporary = TemporaryFolder()
    private var folder: URL { temporary.url }

    /// - Parameter inputs: contents by `input/file`.
    init(_ stage: any RunnableStage, inputs: [String: Data], questionFiles: QuestionFiles? = nil) throws {
        for (path, content) in inputs {
            let file = folder.appending(path: "inputs/\(path)")
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        let outputs = folder.appending(path: "outputs", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
        let context = StageContext(
            inputs: folder.appending(path: "inputs", directoryHint: .isDirectory), outputs: outputs, threads: 2,
            questionFiles: questionFiles, reportProgress: { _ in })
        try stage.run(in: context)
    }

    convenience init(_ stage: any RunnableStage, texts: [String: String]) throws {
        try self.init(stage, inputs: texts.mapValues { Data($0.utf8) })
    }

    var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "outputs").path)) ?? []).sorted()
    }

    /// The output files as the files of an input.
    func folder(as input: String) throws -> [String: Data] {
        try files.reduce(into: [:]) { inputs, file in
            inputs["\(input)/\(file)"] = try Data(contentsOf: folder.appending(path: "outputs/\(file)"))
        }
    }

    func text(_ file: String) throws -> String {
        try String(contentsOf: folder.appending(path: "outputs/\(file)"), encoding: .utf8)
    }

    func lines(_ file: String) throws -> [JSON] {
        try text(file).split(separator: "\n").map { try JSON(parsing: String($0)) }
    }

    func json(_ file: String) throws -> JSON { try JSON(parsing: text(file)) }

    /// The message of the failure that a stage ends with.
    static func failure(_ stage: any RunnableStage, texts: [String: String]) -> String {
        do {
            _ = try StageRun(stage, texts: texts)
            return "no failure"
        } catch {
            return "\(error)"
        }
    }
}
