import CanonicalJSON
import Engine
import Foundation
import Planner

extension EvalCost: RunnableStage {
    package func run(in context: StageContext) throws {
        let cost = try ModelCost(ModelConfiguration(json: context.readJSON("model", "config.json")))
        let file = try FileManager.default.attributesOfItem(atPath: context.input("model", "model.safetensors").path)
        // Without sets there is no file, and so no folder.
        let sets =
            context.hasInput("answers")
            ? try FileManager.default.contentsOfDirectory(atPath: context.input("answers").path)
                .filter { $0.hasSuffix(".jsonl") }.sorted() : []
        try context.write(
            [
                "parameters": [
                    "embedding": .integer(Int64(cost.embedding)),
                    "others": .integer(Int64(cost.others)),
                    "total": .integer(Int64(cost.parameters)),
                ],
                "bytes": .integer(Int64((file[.size] as? Int) ?? 0)),
                "sets": .object(
                    try sets.reduce(into: [:]) { workloads, set in
                        workloads[String(set.dropLast(".jsonl".count))] = try workload(of: set, cost: cost, in: context)
                    }),
            ],
            to: "cost.json")
    }

    /// The mean token counts of a set's answers, and the mean operations of giving one.
    private func workload(of set: String, cost: ModelCost, in context: StageContext) throws -> JSON {
        let answers = try context.readLines("answers", set)
        var promptTokens = 0.0
        var responseTokens = 0.0
        var prefill = 0.0
        var decode = 0.0
        for (index, answer) in answers.enumerated() {
            guard let prompt = answer["prompt_tokens"]?.integer, let response = answer["response_tokens"]?.integer,
                prompt >= 0, response >= 0
            else { throw StageFailure("answers/\(set), answer \(index + 1): there are no prompt_tokens and response_tokens") }
            let operations = cost.answering(promptTokens: prompt, generatedTokens: response)
            promptTokens += Double(prompt)
            responseTokens += Double(response)
            prefill += operations.prefill
            decode += operations.decode
        }
        let count = Double(max(answers.count, 1))
        return [
            "answers": .integer(Int64(answers.count)),
            "prompt_tokens": .number(promptTokens / count),
            "response_tokens": .number(responseTokens / count),
            "flops": .number((prefill + decode) / count),
            "prefill_flops": .number(prefill / count),
            "decode_flops": .number(decode / count),
        ]
    }
}
