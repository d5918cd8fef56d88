import CanonicalJSON
import Engine
import Planner

extension Sample: RunnableStage {
    public var limitation: String? { answer.limitation }

    public func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        let encoder = try folder.prompts(PromptFormat(prompt))
        let rows = try context.readRows("data", "train.jsonl")
        let reader = ResponseRows(prompts: encoder, functions: try context.readFunctions("data"))
        let prompts = try rows.flatMap { row in Array(repeating: try reader.prompt(of: row), count: samples) }
        let options = GenerationOptions(
            maximumTokens: maxTokens, stopToken: encoder.endTokens.first, temperature: temperature,
            seed: UInt64(bitPattern: Int64(seed)))
        let responses = try folder.inferenceModel().generate(
            prompts, options: options, workers: context.workers,
            resumption: context.resumption(of: prompts.count, unit: "rollout"))
        try context.write(
            lines: responses.enumerated().map { index, response in
                [
                    "id": .string(rows[index / samples].id), "sample": .integer(Int64(index % samples)),
                    "response": .string(encoder.tokenizer.decode(response.tokens.map(Int.init))),
                    "ended": .bool(response.isFinished),
                ]
            }, to: "rollouts.jsonl")
    }
}
