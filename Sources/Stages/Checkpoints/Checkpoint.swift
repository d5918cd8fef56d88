import BuildModel
import Engine
import Foundation
import Synchronization

/// The unfinished work of one action on disk, so that a killed stage continues where it stopped.
///
/// A checkpoint is never a result: it is beside the outputs. One that is damaged or belongs to another action is ignored. If
/// it cannot be written, the stage works without it. The log says both.
package final class Checkpoint: Sendable {
    private let file: CheckpointFile
    private let interval: Duration
    private let log: @Sendable (String) -> Void
    private let nextSave: Mutex<ContinuousClock.Instant>
    private let isAskedToStop = Atomic(false)
    private let isInUse = Atomic(false)

    /// - Parameters:
    ///   - directory: created when the first state is saved.
    ///   - interval: from one save to the next, at least.
    ///   - log: takes a line for the stage's log.
    package init(
        directory: URL, action: Action, interval: Duration,
        log: @escaping @Sendable (String) -> Void = { FileHandle.standardError.write(Data(($0 + "\n").utf8)) }
    ) {
        file = CheckpointFile(directory: directory, action: action)
        (self.interval, self.log) = (interval, log)
        nextSave = Mutex(.now + interval)
    }

    /// Asks the stage to save its state and to end with `StageInterruption`. Any thread may call it.
    ///
    /// - Returns: whether the stage keeps checkpoints and will reach the next one; otherwise there is nothing to wait for.
    package func requestStop() -> Bool {
        isAskedToStop.store(true, ordering: .relaxed)
        return isInUse.load(ordering: .relaxed)
    }

    /// Restores the state of an earlier run of this action. `restore` throws, and changes nothing, if it cannot use the state.
    ///
    /// - Returns: whether there was a usable state.
    @discardableResult
    func resume(_ restore: (SafeTensors) throws -> Void) -> Bool {
        isInUse.store(true, ordering: .relaxed)
        do {
            guard let state = try file.read() else { return false }
            try restore(state.tensors)
            log("goes on from a checkpoint: \(state.done) done")
            return true
        } catch {
            log("a checkpoint was ignored: \(error)")
            return false
        }
    }

    /// Saves the state if a save is due. A stage calls it, on one thread at a time, whenever it could continue from here.
    ///
    /// - Parameter done: the number of steps or rows so far, for the log and the file's first line.
    /// - Throws: `StageInterruption` when the stage was asked to stop.
    func offer(done: Int, _ tensors: () -> [String: StoredTensor]) throws(StageInterruption) {
        let stops = isAskedToStop.load(ordering: .relaxed)
        if stops || nextSave.withLock({ $0 }) <= .now {
            save(done: done, tensors())
            nextSave.withLock { $0 = .now + interval }
        }
        if stops { throw StageInterruption(done: done) }
    }

    private func save(done: Int, _ tensors: [String: StoredTensor]) {
        do {
            try file.write(done: done, tensors)
        } catch {
            log("no checkpoint at \(done): \(error)")
        }
    }
}

/// Ends a stage that was asked to stop. Its work is in its checkpoint.
package struct StageInterruption: Error, Hashable, Sendable, CustomStringConvertible {
    package var done: Int

    package var description: String { "stopped at \(done); the next run goes on from there" }
}
