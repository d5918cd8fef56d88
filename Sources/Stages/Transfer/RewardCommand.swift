import CanonicalJSON
import Engine
import Foundation
import Kinds

/// A command of the recipe that gives each answer a number, in the same confinement as a stage of kind `exec`.
///
/// It reads `inputs/answers/answers.jsonl`, a line for each answer: `id`, `query`, `response`, `reference` (the row's own answer);
/// and writes `outputs/rewards.jsonl`, a number from 0 to 1 for each, in the same order. It is run anew for each step.
struct RewardCommand {
    let command: [String]
    let task: any AnswerTask
    let context: StageContext

    private static let answers = File<[JSON]>("answers.jsonl")
    private static let rewards = File<[JSON]>("rewards.jsonl")
    static let script = "script"

    func numbers(for responses: [JudgedResponse]) throws -> [Double] {
        if responses.isEmpty { return [] }
        let folder = context.outputs.deletingLastPathComponent().appending(path: "rewarding", directoryHint: .isDirectory)
        let inputs = folder.appending(path: "inputs", directoryHint: .isDirectory)
        let outputs = folder.appending(path: "outputs", directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        let place = inputs.appending(path: "answers", directoryHint: .isDirectory)
        for new in [place, outputs] { try FileManager.default.createDirectory(at: new, withIntermediateDirectories: true) }
        try responses.map(line).write(to: place.appending(path: Self.answers.name))
        if context.hasInput(Self.script) {
            try FileManager.default.copyItem(at: context.input(Self.script), to: inputs.appending(path: Self.script))
        }
        let own = StageContext(
            inputs: inputs, outputs: outputs, threads: context.workers.threads, isolation: context.isolation,
            commandLimits: context.commandLimits, reportProgress: { _ in })
        var stage = Exec.standard
        (stage.command, stage.outputs) = (command, [Self.rewards.name])
        try stage.run(in: own)
        let file = outputs.appending(path: Self.rewards.name)
        return try numbers(in: [JSON](reading: file, named: Self.rewards.name), for: responses)
    }

    private func line(_ response: JudgedResponse) -> JSON {
        [
            "id": .string(response.row.id), "query": .string(response.row.query), "response": .string(response.response),
            "reference": .string(task.response(to: response.row)),
        ]
    }

    private func numbers(in lines: [JSON], for responses: [JudgedResponse]) throws(StageFailure) -> [Double] {
        let numbers = lines.compactMap(\.double)
        guard numbers.count == lines.count, numbers.count == responses.count else {
            throw StageFailure(
                "the command that rewards wrote \(numbers.count) numbers to outputs/\(Self.rewards.name) for \(responses.count) "
                    + "answers; it must write one a line for each")
        }
        if let place = numbers.firstIndex(where: { !(0...1).contains($0) }) {
            throw StageFailure(
                "the command that rewards gave the answer on line \(place + 1) of answers.jsonl \(numbers[place]); a number must lie "
                    + "between 0 and 1")
        }
        return numbers
    }
}
