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
    private let writer: CheckpointWriter
    private let interval: Duration
    private let log: @Sendable (String) -> Void
    private let pace: Mutex<CheckpointPace>
    private let isAskedToStop = Atomic(false)
    private let isInUse = Atomic(false)

    /// - Parameters:
    ///   - directory: created when the first state is saved.
    ///   - interval: from one save to the next, at least; it is longer where a save costs more than a fiftieth of it. With none,
    ///     every state is saved, and waited for.
    ///   - log: takes a line for the stage's log.
    package init(
        directory: URL, action: Action, interval: Duration,
        log: @escaping @Sendable (String) -> Void = { FileHandle.standardError.write(Data(($0 + "\n").utf8)) }
    ) {
        file = CheckpointFile(directory: directory, action: action)
        writer = CheckpointWriter(file, log: log)
        (self.interval, self.log) = (interval, log)
        pace = Mutex(CheckpointPace(interval: interval, now: .now))
    }

    /// Asks the stage to save its state and to end with `StageInterruption`. Any thread may call it.
    ///
    /// - Returns: seconds within which the stage has saved its state, if it goes on as it did; `nil` where it keeps no
    ///   checkpoints, and there is nothing to wait for.
    package func requestStop() -> Double? {
        isAskedToStop.store(true, ordering: .relaxed)
        guard isInUse.load(ordering: .relaxed) else { return nil }
        return pace.withLock { $0.grace(at: .now) } / Duration.seconds(1)
    }

    /// Gives up what is being written: the stage has ended.
    package func close() { writer.giveUp() }

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

    /// Saves the state if a save is due, beside the stage. A stage calls it, on one thread at a time, whenever it could continue
    /// from here.
    ///
    /// - Parameters:
    ///   - done: the number of steps or rows so far, for the log and the file's first line.
    ///   - bytes: of the tensors, roughly, where they are many.
    ///   - tensors: copies; what the stage does next does not change them.
    /// - Throws: `StageInterruption` when the stage was asked to stop. The state is saved then.
    func offer(done: Int, bytes: Int = 0, _ tensors: () -> [String: StoredTensor]) throws(StageInterruption) {
        let (stops, now) = (isAskedToStop.load(ordering: .relaxed), ContinuousClock.now)
        let isDue = pace.withLock { pace in
            pace.reach(now)
            return pace.isDue(at: now, bytes: bytes)
        }
        if stops { writer.wait() }
        if stops || isDue { save(done: done, tensors) }
        if stops || interval == .zero { writer.wait() }
        if stops { throw StageInterruption(done: done) }
    }

    private func save(done: Int, _ tensors: () -> [String: StoredTensor]) {
        let began = ContinuousClock.now
        let copies = tensors()
        let standstill = ContinuousClock.now - began
        pace.withLock { $0.beginSave() }
        writer.write(done: done, copies) { [self] processorTime in
            pace.withLock { $0.endSave(at: .now, cost: standstill + processorTime, duration: ContinuousClock.now - began) }
        }
    }
}

/// Ends a stage that was asked to stop. Its work is in its checkpoint.
package struct StageInterruption: Error, Hashable, Sendable, CustomStringConvertible {
    package var done: Int

    package var description: String { "stopped at \(done); the next run goes on from there" }
}
