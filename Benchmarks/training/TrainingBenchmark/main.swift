// Trains the quickstart's student on random rows and prints tokens per second of the best of three measurements.
// Arguments: threads, optimizer (muon or adamw), steps per measurement.
import Engine
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
let threads = arguments.first.flatMap(Int.init) ?? 2
let optimizer: TrainingOptions.Optimizer = arguments.count > 1 && arguments[1] == "adamw" ? .adamW : .muon
let stepsPerMeasurement = arguments.count > 2 ? Int(arguments[2]) ?? 20 : 20

let configuration = try ModelConfiguration(
    vocabularySize: 512, hiddenSize: 160, layerCount: 4, headCount: 4, keyValueHeadCount: 2, intermediateSize: 320)
// 36 tokens a row on average, of which 20 are the response.
let examples = (0..<640).map { row in
    let length = 30 + row % 13
    let tokens = (0..<length).map { Int32((row * 31 + $0 * $0 * 17 + $0 * 7) % 512) }
    return TrainingExample(tokens: tokens, promptLength: length - 20)
}
let measurements = 3
let options = TrainingOptions(
    steps: (measurements + 1) * stepsPerMeasurement, batch: 32, learningRate: 1e-3, optimizer: optimizer, seed: 1)
let trainer = try Trainer(
    Model(initializing: configuration, seed: 1), on: examples, options: options, workers: WorkerPool(threads: threads))

var best = 0.0
for measurement in 0...measurements {
    var tokens = 0
    let start = ContinuousClock.now
    for _ in 0..<stepsPerMeasurement { tokens += trainer.advance().tokens }
    let elapsed = start.duration(to: .now)
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    // The first measurement warms up.
    if measurement > 0 { best = max(best, Double(tokens) / seconds) }
}
print(String(format: "%.0f", best))
