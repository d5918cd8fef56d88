import BuildModel
import CanonicalJSON
import Foundation
import Stages
import TestSupport
import Testing

@testable import Kinds

/// A prepared stage, and `decant stage run` on it as a runner would.
final class StageWorkspaceProgram {
    private let temporary = TemporaryFolder()
    var folder: URL { temporary.url }
    var checkpointFile: URL { folder.appending(path: "checkpoint/state") }
    private var outputs: URL { folder.appending(path: "outputs", directoryHint: .isDirectory) }

    init(_ stage: any RunnableStage) throws {
        try FileManager.default.createDirectory(at: folder.appending(path: "inputs"), withIntermediateDirectories: true)
        let kind = type(of: stage)
        let action = Action(
            kind: kind.name, revision: kind.revision, parameters: try stage.json, inputs: [], numerics: .portable)
        try Data(action.canonicalBytes).write(to: folder.appending(path: "action.json"))
    }

    /// Runs a stage here, in this process, whose output becomes an input.
    func addInput(_ name: String, of stage: any RunnableStage) throws {
        let output = folder.appending(path: "inputs/\(name)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        try stage.run(
            in: StageContext(
                inputs: folder.appending(path: "inputs", directoryHint: .isDirectory), outputs: output, threads: 2,
                reportProgress: { _ in }))
    }

    func addInput(_ name: String, file: URL) throws {
        let input = folder.appending(path: "inputs/\(name)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: input, withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: file, to: input.appending(path: file.lastPathComponent))
    }

    func forgetCheckpoint() { try? FileManager.default.removeItem(at: folder.appending(path: "checkpoint")) }

    /// What the first line of the checkpoint says; 0 where there is none.
    func checkpointedSteps() throws -> Int {
        guard let content = FileManager.default.contents(atPath: checkpointFile.path) else { return 0 }
        let header = try JSON(parsing: content.prefix { $0 != UInt8(ascii: "\n") })
        return try #require(header["done"]?.integer)
    }

    /// Starts an attempt: outputs empty, the checkpoint as it is.
    func start(checkpointSeconds: Double = 0) throws -> Attempt {
        try? FileManager.default.removeItem(at: outputs)
        try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
        return try Attempt([
            "stage", "run", folder.path, "--threads", "2", "--checkpoint-seconds", String(checkpointSeconds),
        ])
    }

    /// The digest of the output files.
    func outputDigest() throws -> Digest {
        let files = try FileManager.default.contentsOfDirectory(atPath: outputs.path).sorted()
        return Digest(
            hashing: try files.map { "\($0) \(Digest(hashing: try Data(contentsOf: outputs.appending(path: $0))))" }
                .joined(separator: "\n"))
    }

    /// A running `decant stage run`. Its standard input stays open, or it would end at once.
    final class Attempt {
        private let process = Process()
        private let lifeline = Pipe()
        private let output = Pipe()
        private var pending = Data()

        fileprivate init(_ arguments: [String]) throws {
            process.executableURL = Checkout.program
            process.arguments = arguments
            process.standardInput = lifeline
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            process.environment = ProcessInfo.processInfo.environment
            try process.run()
        }

        /// Waits for the next line of progress; `nil` when there is no more.
        func nextProgress() -> StageProgress? {
            while true {
                if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { pending.removeSubrange(...end) }
                    return (try? JSON(parsing: pending[..<end])).flatMap(StageProgress.init)
                }
                let chunk = output.fileHandleForReading.availableData
                if chunk.isEmpty { return nil }
                pending.append(chunk)
            }
        }

        func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

        /// The progress that was left to read and the exit status; negative for the signal that ended it.
        func end() -> (progress: [StageProgress], status: Int32) {
            var progress: [StageProgress] = []
            while let next = nextProgress() { progress.append(next) }
            process.waitUntilExit()
            let status = process.terminationStatus
            return (progress, process.terminationReason == .uncaughtSignal ? -status : status)
        }
    }
}
