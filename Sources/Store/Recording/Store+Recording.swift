import BuildModel
import Foundation

extension Store {
    /// The journal of what a model answered; `nil` where another process has it.
    package func recording(of model: String) throws(StoreError) -> Journal? {
        let name = Digest(hashing: model).hex
        do {
            try FileManager.default.createDirectory(at: layout.recordings, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: layout.recordings.path, reason: error.localizedDescription)
        }
        guard let lock = try FileLock(transient: layout.recordings.appending(path: name + ".lock")) else { return nil }
        return try Journal(layout.recordings.appending(path: name + ".jsonl"), lock: lock)
    }

    /// The same, waiting for whoever has it. Throws `CancellationError` when the task is cancelled.
    package func awaitRecording(of model: String, onWait: @Sendable () -> Void = {}) async throws -> Journal {
        if let journal = try recording(of: model) { return journal }
        onWait()
        while true {
            try await Task.sleep(for: .milliseconds(30))
            if let journal = try recording(of: model) { return journal }
        }
    }

    /// The lines of a model's journal, without owning it: for who only looks.
    package func recordedLines(of model: String, _ body: (ArraySlice<UInt8>) -> Void) throws(StoreError) {
        let file = layout.recordings.appending(path: Digest(hashing: model).hex + ".jsonl")
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        _ = try Journal.read(file, body)
    }

    /// The artifacts of all results that have a file of this name and whose objects are here, each once.
    package func artifacts(with file: String) throws(StoreError) -> [Artifact] {
        try repository.withLock { repository throws(StoreError) in
            var found: [Artifact] = []
            var seen: Set<Digest> = []
            for name in try repository.references(startingWith: StageCommit.references) {
                guard let target = try repository.target(of: name), let record = try StageCommit.read(target, from: repository),
                    let entry = record.artifact[file], seen.insert(record.artifact.digest).inserted,
                    objects.object(entry.digest) != nil
                else { continue }
                found.append(record.artifact)
            }
            return found
        }
    }
}
