/// The work whose instructions are counted.
enum Measured {
    nonisolated(unsafe) static var work: () throws -> Int32 = { 0 }
    nonisolated(unsafe) static var status: Int32 = 3
}

/// Runs the work. The counter knows this function by its name, and counts what happens inside, on this thread.
@inline(never) func runMeasured() {
    Measured.status = (try? Measured.work()) ?? 3
}
