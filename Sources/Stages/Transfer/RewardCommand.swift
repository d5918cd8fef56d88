import CanonicalJSON
import Engine
import Kinds

/// A command of the recipe that gives each answer a number, in the same confinement as a stage of kind `exec`.
///
/// It reads `inputs/answers/answers.jsonl`, a line for each answer: `id`, `query`, `response`, `reference` (the row's own answer);
/// and writes `outputs/rewards.jsonl`, a number from 0 to 1 for each, in the same order. It is run anew for each step.
struct RewardCommand {
    let command: [String]
    let task: any AnswerTask
    let context: StageContext

    private static let rewards = File<[JSON]>("rewards.jsonl")

    func numbers(for responses: [JudgedResponse]) throws -> [Double] {
        if responses.isEmpty { return [] }
        let lines = try AnswerProgram(context: context, command: command).run(
            on: responses.map(line), named: "answers", writing: Self.rewards)
        return try numbers(in: lines, for: responses)
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
