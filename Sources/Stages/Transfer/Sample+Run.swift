import CanonicalJSON
import Engine
import Planner

extension Sample: RunnableStage {
    public var limitation: String? { answer.limitation }

    public func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        let tokenizer = try folder.tokenizer()
        let rows = try context.readRows("data", "train.jsonl")
        let reader = ResponseRows(
            format: PromptFormat(prompt), functions: try context.readFunctions("data"), tokenizer: tokenizer)
        let prompts = try rows.flatMap { row in Array(repeating: try reader.prompt(of: row), count: samples) }
        let options = GenerationOptions(
            maximumTokens: maxTokens, stopToken: tokenizer.id(of: .end).map(Int32.init), temperature: temperature,
            seed: UInt64(bitPattern: Int64(seed)))
        let responses = try folder.inferenceModel().generate(
            prompts, options: options, workers: context.workers,
            resumption: context.resumption(of: prompts.count, unit: "rollout"))
        try context.write(
            lines: responses.enumerated().map { index, response in
                [
                    "id": .string(rows[index / samples].id), "sample": .integer(Int64(index % samples)),
                    "response": .string(tokenizer.decode(response.tokens.map(Int.init))), "ended": .bool(response.isFinished),
                ]
            }, to: "rollouts.jsonl")
    }
}
