import CanonicalJSON
import Engine
import Foundation
import Planner

extension EvalGenerate: RunnableStage {
    public var limitation: String? { answer.limitation }

    public func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        let model = try folder.inferenceModel()
        let tokenizer = try folder.tokenizer()
        let reader = ResponseRows(
            format: PromptFormat(prompt), functions: try context.readFunctions("data"), tokenizer: tokenizer)
        let options = GenerationOptions(maximumTokens: maxTokens, stopToken: tokenizer.id(of: .end).map(Int32.init))
        for set in sets {
            guard FileManager.default.fileExists(atPath: context.input("data", "\(set).jsonl").path) else {
                throw StageFailure("the data has no rows in the set '\(set)'; take it out of evaluate.sets")
            }
            let rows = try context.readRows("data", "\(set).jsonl")
            let prompts = try rows.map { try reader.prompt(of: $0) }
            let answers = try model.generate(
                prompts, options: options, workers: context.workers, report: context.counter(of: rows.count, unit: "\(set) row"))
            let lines = rows.indices.map { index -> JSON in
                let answer = answers[index]
                return [
                    "id": .string(rows[index].id), "response": .string(tokenizer.decode(answer.tokens.map(Int.init))),
                    "prompt_tokens": .integer(Int64(prompts[index].count)),
                    "response_tokens": .integer(Int64(answer.tokens.count)), "ended": .bool(answer.isFinished),
                ]
            }
            try context.write(lines: lines, to: "\(set).jsonl")
        }
    }
}
