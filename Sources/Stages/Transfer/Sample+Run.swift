import CanonicalJSON
import Engine
import Planner

extension Sample: RunnableStage {
    package var limitation: String? { answer.limitation(constrained: constrained) }

    package func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        let encoder = try folder.prompts(prompt)
        let rows = try context.readRows("data", "train.jsonl")
        let reader = ResponseRows(prompts: encoder, functions: try context.readFunctions("data"))
        let prompts = try reader.prompts(of: rows, constrained: constrained ?? false)
        var options = GenerationOptions(
            maximumTokens: maxTokens, stopTokens: Set(encoder.endTokens), temperature: temperature,
            seed: UInt64(bitPattern: Int64(seed)))
        options.samples = samples
        let responses = try Generator(context.inferenceModel("model"), workers: context.workers).generate(
            prompts, options: options, checkpoint: context.resultCheckpoint(of: prompts.count * samples, unit: "rollout"))
        try context.write(
            lines: responses.enumerated().map { index, response in
                [
                    "id": .string(rows[index / samples].id), "sample": .integer(Int64(index % samples)),
                    "response": .string(response.text(with: encoder.tokenizer)), "ended": .bool(response.isFinished),
                ]
            }, to: "rollouts.jsonl")
    }
}
