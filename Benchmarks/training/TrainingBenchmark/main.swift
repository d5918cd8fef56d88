// Trains on a workload and prints one line: tokens per second and per second of processor time, of the best measurement each;
// the process's peak of memory in MB; the share of the machine's measured rate of matrix products that was reached per second
// of processor time, in percent.
// Arguments: workload, threads, optimizer (muon or adamw), measurements, steps per measurement; then `native` for this
// processor's fastest kernels, `recompute` for less memory, `share` to compute once what rows of a step begin with: tokens and
// the share of the product rate count what rows have, not what was computed.
import Engine
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
func number(_ index: Int, default value: Int) -> Int { arguments.count > index ? Int(arguments[index]) ?? value : value }
let threads = number(1, default: 2)
let (measurements, steps) = (number(3, default: 3), number(4, default: 4))

guard let workload = try Workload(named: arguments.first ?? "quickstart") else {
    FileHandle.standardError.write(Data("the workloads are quickstart, 6.8M, smollm2, long and shared\n".utf8))
    exit(2)
}
var options = TrainingOptions(
    steps: (measurements + 1) * steps, batch: workload.batch, learningRate: 1e-4,
    optimizer: arguments.count > 2 && arguments[2] == "muon" ? .muon : .adamW,
    recomputation: arguments.contains("recompute") ? .always : .automatic,
    products: arguments.contains("native") ? .fastest : .float32, seed: 1)
options.sharesPrefixes = arguments.contains("share")
let trainer = try Trainer(
    Model(initializing: workload.configuration, seed: 1), on: workload.examples, options: options,
    workers: WorkerPool(threads: threads))

func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

var (best, bestPerProcessor) = (0.0, 0.0)
var leastProcessorSeconds = Double.infinity
// The first measurement warms up.
for measurement in 0...measurements {
    var tokens = 0
    let (start, processorStart) = (ContinuousClock.now, processorSeconds())
    for _ in 0..<steps { tokens += trainer.advance().tokens }
    let elapsed = start.duration(to: .now).components
    let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    if measurement == 0 { continue }
    best = max(best, Double(tokens) / seconds)
    let processor = processorSeconds() - processorStart
    bestPerProcessor = max(bestPerProcessor, Double(tokens) / processor)
    leastProcessorSeconds = min(leastProcessorSeconds, processor / Double(steps))
}
let share = workload.operationsPerStep / leastProcessorSeconds / Processor.speed(threads: 1)
let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split(separator: " ").dropFirst().first ?? "0"
print(String(format: "%.0f %.0f %.0f %.0f", best, bestPerProcessor, (Double(peak) ?? 0) / 1024, 100 * share))
