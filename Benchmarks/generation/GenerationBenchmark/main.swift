// Continues prompts greedily and prints tokens per second of the best of n measurements, or the tokens themselves.
// Arguments: a model folder, prompts, tokens of a prompt, tokens of an answer, threads, measurements; 0 measurements print
// the answers' tokens, one answer a line. A last argument `native` takes this processor's fastest kernels. In place of the number
// of prompts a file may be named, with the tokens of a prompt in each line; their length is then not looked at.
import Engine
import Foundation

let arguments = CommandLine.arguments
let numbers = arguments.dropFirst(3).compactMap(Int.init)
guard arguments.count > 6, numbers.count > 3 else {
    FileHandle.standardError.write(Data("usage: GenerationBenchmark FOLDER PROMPTS LENGTH TOKENS THREADS MEASUREMENTS\n".utf8))
    exit(2)
}
let (length, tokens, threads, measurements) = (numbers[0], numbers[1], numbers[2], numbers[3])
var model = try ModelFolder(URL(filePath: arguments[1])).inferenceModel()
if arguments.last == "native" { model.products = .fastest }
let size = model.model.configuration.vocabularySize
let prompts: [GenerationPrompt]
if let count = Int(arguments[2]) {
    prompts = (0..<count).map { prompt in
        GenerationPrompt((0..<length).map { Int32((prompt * 7919 + $0 * $0 * 31 + $0 * 7 + 11) % size) })
    }
} else {
    prompts = try String(contentsOfFile: arguments[2], encoding: .utf8).split(separator: "\n").map { line in
        GenerationPrompt(line.split(separator: " ").compactMap { Int32($0) })
    }
}
let generator = Generator(model, workers: WorkerPool(threads: threads))
let options = GenerationOptions(maximumTokens: tokens)
var best = 0.0
for _ in 0..<measurements {
    let start = ContinuousClock.now
    let answers = try generator.generate(prompts, options: options)
    let elapsed = start.duration(to: .now)
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    best = max(best, Double(answers.reduce(0) { $0 + $1.tokens.count }) / seconds)
}
if measurements == 0 {
    for answer in try generator.generate(prompts, options: options) {
        print(answer.tokens.map(String.init).joined(separator: " "))
    }
} else {
    print(String(format: "%.1f", best))
}
