import Foundation
import Programs

/// What stages may take of the machine, and what is taken.
///
/// Results depend on none of it.
package struct Resources: Sendable {
    /// Stages that run side by side.
    private let jobs: Int
    private let processors: Int
    /// Threads of every stage, where they are fixed.
    private let threads: Int?
    /// Bytes.
    package let memory: Int
    /// Of the jobs.
    private var running = 0
    private var takenProcessors = 0
    private var takenMemory = 0

    /// What one stage has.
    struct Share: Sendable {
        var jobs = 1
        var threads: Int
        /// Bytes.
        var memory: Int
    }

    /// - Parameters:
    ///   - jobs: stages side by side; as many as it may use processors where `nil`.
    ///   - threads: of every stage; where `nil`, stages share the processors.
    ///   - memory: bytes for all stages together; nine tenths of what this process may have where `nil`.
    package init(jobs: Int? = nil, threads: Int? = nil, memory: Int? = nil) {
        processors = Machine.current.processors
        self.jobs = max(1, jobs ?? processors)
        self.threads = threads
        self.memory = memory ?? Machine.current.memory / 10 * 9
    }

    /// Takes a share for a stage; `nil` where it has to wait for another one to end. One that needs more than there is runs
    /// alone.
    ///
    /// - Parameter waiting: stages that could start now, this one among them.
    mutating func take(memory needed: Int, waiting: Int) -> Share? {
        guard running < jobs, running == 0 || takenMemory + needed <= memory else { return nil }
        let free = processors - takenProcessors
        guard threads != nil || running == 0 || free > 0 else { return nil }
        let share = Share(threads: threads ?? max(1, free / max(1, min(waiting, jobs - running))), memory: needed)
        running += 1
        takenMemory += needed
        takenProcessors += share.threads
        return share
    }

    /// Takes all there is for a stage that any other would disturb; `nil` where it has to wait until nothing runs.
    mutating func takeAll() -> Share? {
        guard running == 0 else { return nil }
        let share = Share(jobs: jobs, threads: threads ?? processors, memory: memory)
        running = share.jobs
        takenMemory = share.memory
        takenProcessors = share.threads
        return share
    }

    mutating func give(back share: Share) {
        running -= share.jobs
        takenMemory -= share.memory
        takenProcessors -= share.threads
    }
}
