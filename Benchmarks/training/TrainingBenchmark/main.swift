// Trains on a workload and prints one line: tokens per second of the best measurement, the process's peak of memory in MB, and
// the share of the machine's measured rate of matrix products that the best measurement reached, in percent.
// Arguments: workload, threads, optimizer (muon or adamw), measurements, steps per measurement.
import Engine
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
func number(_ index: Int, default value: Int) -> Int { arguments.count > index ? Int(arguments[index]) ?? value : value }
let threads = number(1, default: 2)
let (measurements, steps) = (number(3, default: 3), number(4, default: 4))

guard let workload = try Workload(named: arguments.first ?? "quickstart") else {
    FileHandle.standardError.write(Data("the workloads are quickstart, 6.8M, smollm2 and long\n".utf8))
    exit(2)
}
let options = TrainingOptions(
    steps: (measurements + 1) * steps, batch: workload.batch, learningRate: 1e-4,
    optimizer: arguments.count > 2 && arguments[2] == "muon" ? .muon : .adamW,
    recomputation: arguments.contains("recompute") ? .always : .automatic, seed: 1)
let trainer = try Trainer(
    Model(initializing: workload.configuration, seed: 1), on: workload.examples, options: options,
    workers: WorkerPool(threads: threads))

var best = 0.0
var leastSeconds = Double.infinity
// The first measurement warms up.
for measurement in 0...measurements {
    var tokens = 0
    let start = ContinuousClock.now
    for _ in 0..<steps { tokens += trainer.advance().tokens }
    let elapsed = start.duration(to: .now).components
    let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    if measurement == 0 { continue }
    best = max(best, Double(tokens) / seconds)
    leastSeconds = min(leastSeconds, seconds / Double(steps))
}
let rate = workload.operationsPerStep / leastSeconds
let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split(separator: " ").dropFirst().first ?? "0"
print(String(format: "%.0f %.0f %.0f", best, (Double(peak) ?? 0) / 1024, 100 * rate / Processor.speed(threads: threads)))
