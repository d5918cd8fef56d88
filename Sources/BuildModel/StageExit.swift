/// Exit statuses of `decant stage run` that a runner tells apart from failure.
package enum StageExit {
    /// The stage was asked to stop and did, before its end: run again, it goes on from its last checkpoint. The number is
    /// `EX_TEMPFAIL` of `sysexits.h`.
    package static let interrupted: Int32 = 75
    /// The stage has left questions, and goes on once it has their answers.
    package static let asks: Int32 = 76
}
