/// How a stage's process ended.
package struct StageExit: Hashable, Sendable {
    /// The exit status; negative for the signal that ended it.
    package var status: Int32
    /// The most memory that it had, in bytes; `nil` where the runner cannot tell.
    package var peakMemory: Int?

    package init(status: Int32, peakMemory: Int? = nil) {
        self.status = status
        self.peakMemory = peakMemory
    }

    /// The status of a stage that was asked to stop and did, before its end: run again, it goes on from its last checkpoint.
    /// The number is `EX_TEMPFAIL` of `sysexits.h`.
    package static let interrupted: Int32 = 75
    /// The status of a stage that has left questions, and goes on once it has their answers.
    package static let asks: Int32 = 76
}
