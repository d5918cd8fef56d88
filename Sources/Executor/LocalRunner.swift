import BuildModel
import CanonicalJSON
import Foundation

/// Runs stages as child processes of this binary: `decant stage run DIRECTORY --threads N`.
public struct LocalRunner: Runner {
    private let executable: URL
    /// Threads per stage. No result depends on it.
    private let threads: Int

    public init(executable: URL, threads: Int) {
        self.executable = executable
        self.threads = threads
    }

    public func run(
        _ workspace: StageWorkspace, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> Int32 {
        let process = Process()
        process.executableURL = executable
        process.arguments = ["stage", "run", workspace.directory.path, "--threads", String(threads)]
        process.currentDirectoryURL = workspace.directory
        process.environment = Self.environment
        // The child reads its standard input to its end and exits there: it dies with this process, however that dies.
        let lifeline = Pipe()
        process.standardInput = lifeline
        let output = Pipe()
        process.standardOutput = output
        _ = FileManager.default.createFile(atPath: workspace.log.path, contents: nil)
        let log = try FileHandle(forWritingTo: workspace.log)
        process.standardError = log
        try process.run()
        try log.close()
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                Self.readProgress(from: output.fileHandleForReading, onProgress: onProgress)
                process.waitUntilExit()
                try? lifeline.fileHandleForWriting.close()
                let status = process.terminationStatus
                continuation.resume(returning: process.terminationReason == .uncaughtSignal ? -status : status)
            }
        }
    }

    /// What a stage may see of the environment: nothing that could change its bytes, and where Swift's libraries are.
    private static var environment: [String: String] {
        var environment = ["LC_ALL": "C", "TZ": "UTC"]
        environment["LD_LIBRARY_PATH"] = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"]
        return environment
    }

    private static func readProgress(from handle: FileHandle, onProgress: (StageProgress) -> Void) {
        var pending: [UInt8] = []
        while case let chunk = handle.availableData, !chunk.isEmpty {
            pending.append(contentsOf: chunk)
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                if let line = try? JSON(parsing: pending[..<end]), let progress = StageProgress(json: line) {
                    onProgress(progress)
                }
                pending.removeSubrange(...end)
            }
        }
    }
}
