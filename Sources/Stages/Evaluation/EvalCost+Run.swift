import CanonicalJSON
import Engine
import Foundation
import Planner

extension EvalCost: RunnableStage {
    static let cost = File<JSON>("cost.json")
    package static let artifact: [Output] = [.figures(cost)]

    package func run(in context: StageContext) throws {
        let shape = try CostShape(configuration: context.read(ModelFiles.configuration, from: "model"))
        let parameters = ParameterCount(shape)
        let file = try FileManager.default.attributesOfItem(atPath: context.input("model", ModelFiles.weights).path)
        // Without sets there is no file, and so no folder.
        let sets =
            context.hasInput("answers") ? try DataFiles.sets(in: context.input("answers")) : []
        try context.write(
            [
                "parameters": [
                    "embedding": .integer(Int64(parameters.embedding)),
                    "others": .integer(Int64(parameters.others)),
                    "total": .integer(Int64(parameters.total)),
                ],
                "bytes": .integer(Int64((file[.size] as? Int) ?? 0)),
                "sets": .object(
                    try sets.reduce(into: [:]) { workloads, set in
                        workloads[set] = try workload(of: set, shape: shape, in: context)
                    }),
            ],
            to: Self.cost)
    }

    /// The mean token counts of a set's answers, and the mean operations of giving one.
    private func workload(of set: String, shape: CostShape, in context: StageContext) throws -> JSON {
        let answers = try context.read(EvalGenerate.tokens(of: set), from: "answers")
        var promptTokens = 0.0
        var responseTokens = 0.0
        var prefill = 0.0
        var decode = 0.0
        for answer in answers {
            let cost = InferenceCost(shape, promptTokens: answer.prompt, generatedTokens: answer.response)
            promptTokens += Double(answer.prompt)
            responseTokens += Double(answer.response)
            prefill += cost.prefill
            decode += cost.decode
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

extension EvalPerplexity: RunnableStage {
    static let perplexity = File<JSON>("perplexity.json")
    package static let artifact: [Output] = [.figures(perplexity)]

    package func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        // As the `transformers` library encodes a text: after the token that begins every text, where there is one.
        let text = try folder.tokenizer().encodeWithFrame(text(in: context)).map(Int32.init)
        let tokens = Array(text.prefix(self.tokens ?? text.count))
        let windows = try PerplexityWindows(count: tokens.count, context: self.context, stride: stride)
        let perplexity = try context.inferenceModel("model").perplexity(
            of: tokens, in: windows, workers: context.workers,
            resumption: context.resumption(of: windows.ranges.count, unit: "window"))
        try context.write(
            [
                "perplexity": .number(perplexity.value), "loss": .number(perplexity.loss),
                "counted_tokens": .integer(Int64(perplexity.countedTokens)), "text_tokens": .integer(Int64(tokens.count)),
                "windows": .integer(Int64(windows.ranges.count)), "context": .integer(Int64(self.context)),
                "stride": .integer(Int64(stride)),
            ],
            to: Self.perplexity)
    }

    private func text(in context: StageContext) throws -> String {
        let files = try context.files(below: "text")
        guard files.count == 1, let file = files.first else {
            throw StageFailure("the text must be one file, not \(files.count): \(files.prefix(8).joined(separator: ", "))")
        }
        return try context.read(File<String>(file), from: "text")
    }
}
