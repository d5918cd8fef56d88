import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Kinds

/// A stage kind that this binary can run.
package protocol RunnableStage: StageKind {
    /// What of these parameters this version cannot do yet; `nil` where it can do all. Asked before a build starts.
    var limitation: String? { get }

    /// Reads the inputs and writes every output file. The bytes written are a function of the inputs and the parameters
    /// alone: never of time, paths, thread count or the order of a directory, nor of where an earlier run was killed.
    /// Measurements (`isMeasurement`) alone write what depends on time and threads.
    func run(in context: StageContext) throws
}

extension RunnableStage {
    package var limitation: String? { nil }
}

/// What a running stage has at hand: a directory per input, an empty directory for its output, and a way to report.
package struct StageContext: Sendable {
    let inputs: URL
    let outputs: URL
    /// Threads to work with. Results never depend on their number.
    let workers: WorkerPool
    /// Of the products of models that run or are trained; the action's numerics profile says which.
    let products: ProductPrecision
    /// Where unfinished work is kept; `nil` where nobody wants to go on from it.
    let checkpoint: Checkpoint?
    /// How models behind servers are asked; `nil` where nobody can answer.
    let questionFiles: QuestionFiles?
    private let reportProgress: @Sendable (StageProgress) -> Void

    package init(
        inputs: URL, outputs: URL, threads: Int, products: ProductPrecision = .float32, checkpoint: Checkpoint? = nil,
        questionFiles: QuestionFiles? = nil,
        reportProgress: @escaping @Sendable (StageProgress) -> Void
    ) {
        self.inputs = inputs
        self.outputs = outputs
        workers = WorkerPool(threads: threads)
        self.products = products
        self.checkpoint = checkpoint
        self.questionFiles = questionFiles
        self.reportProgress = reportProgress
    }

    /// The directory of the named input.
    package func input(_ name: String) -> URL { inputs.appending(path: name, directoryHint: .isDirectory) }

    /// A file of the named input.
    package func input(_ name: String, _ file: String) -> URL { input(name).appending(path: file) }

    package func hasInput(_ name: String) -> Bool { FileManager.default.fileExists(atPath: input(name).path) }

    /// Where an output file belongs.
    package func output(_ file: String) -> URL { outputs.appending(path: file) }

    package func report(_ progress: StageProgress) { reportProgress(progress) }
}

/// Why a stage cannot go on: a full sentence for the person who wrote the recipe.
package struct StageFailure: Error, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
