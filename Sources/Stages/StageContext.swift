import BuildModel
import Diagnostics
import Engine
import Foundation

/// What a running stage has at hand: a directory per input, an empty directory for its output, and a way to report.
package struct StageContext: Sendable {
    private(set) var inputs: URL
    private(set) var outputs: URL
    /// Threads to work with. Results never depend on their number.
    let workers: WorkerPool
    /// Of the products of models that run or are trained; the action's numerics profile says which.
    let products: ProductPrecision
    /// Where unfinished work is kept; `nil` where nobody wants to go on from it.
    private(set) var checkpoint: Checkpoint?
    /// How models behind servers are asked; `nil` where nobody can answer.
    let questionFiles: QuestionFiles?
    /// Of a command of the recipe.
    let isolation: Isolation
    let commandLimits: CommandLimits
    /// How models are served to be measured; `nil` where nobody can.
    let server: ServerProgram?
    private var reportProgress: @Sendable (StageProgress) -> Void

    package init(
        inputs: URL, outputs: URL, threads: Int, products: ProductPrecision = .float32, checkpoint: Checkpoint? = nil,
        questionFiles: QuestionFiles? = nil, isolation: Isolation = .best, commandLimits: CommandLimits = CommandLimits(),
        server: ServerProgram? = nil, reportProgress: @escaping @Sendable (StageProgress) -> Void
    ) {
        (self.inputs, self.outputs) = (inputs, outputs)
        workers = WorkerPool(threads: threads)
        (self.products, self.checkpoint) = (products, checkpoint)
        (self.questionFiles, self.reportProgress) = (questionFiles, reportProgress)
        (self.isolation, self.commandLimits, self.server) = (isolation, commandLimits, server)
    }

    /// The directory of the named input.
    package func input(_ name: String) -> URL { inputs.appending(path: name, directoryHint: .isDirectory) }

    /// A file of the named input.
    package func input(_ name: String, _ file: String) -> URL { input(name).appending(path: file) }

    package func hasInput(_ name: String) -> Bool { FileManager.default.fileExists(atPath: input(name).path) }

    /// Where an output file belongs.
    package func output(_ file: String) -> URL { outputs.appending(path: file) }

    package func report(_ progress: StageProgress) { reportProgress(progress) }

    /// For work that is a part of what the stage reports.
    func withoutReports() -> StageContext {
        var context = self
        context.reportProgress = { _ in }
        return context
    }

    /// For a part of the stage's work with folders of its own.
    func with(inputs: URL, outputs: URL) -> StageContext {
        var context = self
        (context.inputs, context.outputs, context.checkpoint) = (inputs, outputs, nil)
        return context
    }

    /// For a second, short run in one stage: a checkpoint is of one run.
    func withoutCheckpoint() -> StageContext {
        var context = self
        context.checkpoint = nil
        return context
    }
}

extension StageContext {
    /// - Parameter input: the name of the input that has the file.
    package func read<Content>(_ file: File<Content>, from input: String) throws -> Content {
        try Content(reading: self.input(input, file.name), named: "\(input)/\(file.name)")
    }

    package func write<Content>(_ content: Content, to file: File<Content>) throws { try content.write(to: output(file.name)) }

    /// The names of an input and of those numbered after it: `NAME`, `NAME.0`, `NAME.1`, ….
    func numberedInputs(_ name: String) -> [String] {
        [name] + (0...).lazy.map { "\(name).\($0)" }.prefix { hasInput($0) }
    }

    /// Copies a file of an input into the output, byte for byte, in place of one that is there already.
    func copy(_ file: String, from input: String) throws {
        if FileManager.default.fileExists(atPath: output(file).path) { try FileManager.default.removeItem(at: output(file)) }
        try FileManager.default.copyItem(at: self.input(input, file), to: output(file))
    }

    /// The paths of an input's files, those in folders too, sorted.
    func files(below input: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: self.input(input).path).sorted().filter {
            (try? self.input(input, $0).resourceValues(forKeys: [.isDirectoryKey]).isDirectory) != true
        }
    }

    /// Adds a line to the stage's log, which is its standard error.
    func log(_ line: String) { FileHandle.standardError.write(Data((TerminalText.shown(line) + "\n").utf8)) }
}
