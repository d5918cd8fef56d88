import CanonicalJSON
import Engine
import Foundation
import Planner

extension EvalGenerate: RunnableStage {
    package var limitation: String? { answer.limitation(constrained: constrained) }

    package func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        let encoder = try folder.prompts(prompt)
        let reader = ResponseRows(prompts: encoder, functions: try context.readFunctions("data"))
        let rows = try sets.map { try readRows(of: $0, in: context) }
        // All sets in one run, which is what a checkpoint is of. A greedy answer does not depend on the other prompts.
        let prompts = try reader.prompts(of: rows.joined(), constrained: constrained ?? false)
        let options = GenerationOptions(maximumTokens: maxTokens, stopTokens: Set(encoder.endTokens))
        let answers = try Generator(context.inferenceModel("model"), workers: context.workers).generate(
            prompts, options: options, checkpoint: context.resultCheckpoint(of: prompts.count, unit: "row"))
        var start = 0
        for (set, rows) in zip(sets, rows) {
            let lines = rows.indices.map { index -> JSON in
                let answer = answers[start + index]
                return [
                    "id": .string(rows[index].id), "response": .string(answer.text(with: encoder.tokenizer)),
                    "prompt_tokens": .integer(Int64(prompts[start + index].tokens.count)),
                    "response_tokens": .integer(Int64(answer.tokens.count)), "ended": .bool(answer.isFinished),
                ]
            }
            try context.write(lines: lines, to: "\(set).jsonl")
            start += rows.count
        }
    }

    private func readRows(of set: String, in context: StageContext) throws -> [Row] {
        guard FileManager.default.fileExists(atPath: context.input("data", "\(set).jsonl").path) else {
            throw StageFailure("the data has no rows in the set '\(set)'; take it out of evaluate.sets")
        }
        let rows = try context.readRows("data", "\(set).jsonl")
        if let passage = rows.first(where: \.isPassage) {
            throw StageFailure(
                "the row '\(passage.id)' of the set '\(set)' is a passage of text, which asks for no calls; "
                    + "take the set out of evaluate.sets")
        }
        return rows
    }
}
