// Runs one workload, whose instructions `Benchmarks/instructions/run` counts. What it prepares is not counted, but for `no-op`.
// Arguments: `planning RECIPE`, `no-op RECIPE STORE`, `training`, `decoding`, `hashing`.
//
// There is no `await` at the top: it would end the main thread, and Valgrind 3.19 does not survive the signal mask with which
// libdispatch does so.
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
guard let workload = Workload(arguments) else {
    FileHandle.standardError.write(
        Data("the workloads are planning RECIPE, no-op RECIPE STORE, training, decoding and hashing\n".utf8))
    exit(2)
}
Measured.work = try workload.prepared()
runMeasured()
exit(Measured.status)
