import CanonicalJSON
import Engine
import Foundation
import Kinds

extension EvalCost: RunnableStage {
    static let cost = File<JSON>("cost.json")
    package static let artifact: [Output] = [.figures(cost)]

    package func run(in context: StageContext) throws {
        let cost = try AnsweringCost("model", in: context)
        let bytes = try context.modelFolder("model").weightBytes()
        // A model that answered no set has no folder of answers.
        let sets =
            context.hasInput("answers") ? try DataFiles.sets(in: context.input("answers")) : []
        try context.write(
            [
                "parameters": [
                    "embedding": .count(cost.embedding),
                    "others": .count(cost.others),
                    "total": .count(cost.parameters),
                ],
                "bytes": .count(bytes),
                "sets": .object(
                    try sets.reduce(into: [:]) { workloads, set in
                        workloads[set] = try workload(of: set, cost: cost, in: context)
                    }),
            ],
            to: Self.cost)
    }

    /// The mean token counts of a set's answers, and the mean operations of giving one.
    private func workload(of set: String, cost: AnsweringCost, in context: StageContext) throws -> JSON {
        let answers = try context.read(EvalGenerate.tokens(of: set), from: "answers")
        let cached = try cachedTokens(of: answers, to: set, in: context)
        let operations = zip(answers, cached).map { cost.operations(of: $0, cachedTokens: $1) }
        func sum(_ values: [Double]) -> Double { values.reduce(0, +) }
        let (prefill, decode) = (sum(operations.map(\.prefill)), sum(operations.map(\.decode)))
        let count = Double(max(answers.count, 1))
        var members: [String: JSON] = [
            "answers": .count(answers.count), "prompt_tokens": .number(sum(answers.map { Double($0.prompt) }) / count),
            "response_tokens": .number(sum(answers.map { Double($0.response) }) / count),
            "flops": .number((prefill + decode) / count), "prefill_flops": .number(prefill / count),
            "decode_flops": .number(decode / count),
        ]
        if cachedPrefix != nil {
            let whole = sum(answers.map { cost.operations(of: $0).prefill })
            members["cached_tokens"] = .number(sum(cached.map(Double.init)) / count)
            members["cached_flops"] = .number((whole - prefill) / count)
        }
        return .object(members)
    }

    /// The tokens at each prompt's beginning that are at hand. At least its last one is computed: the answer begins behind it.
    private func cachedTokens(of answers: [AnswerTokens], to set: String, in context: StageContext) throws -> [Int] {
        switch cachedPrefix {
        case nil: return answers.map { _ in 0 }
        case .tokens(let count)?: return answers.map { min(count, max($0.prompt - 1, 0)) }
        case .shared?:
            let prompts = try prompts(of: set, in: context)
            guard prompts.map(\.count) == answers.map(\.prompt) else {
                throw StageFailure("the answers to the set '\(set)' are not of the prompts that its rows give")
            }
            return PrefixTree(of: prompts).cachedTokens
        }
    }

    /// The tokens of a set's prompts, in the order of its rows.
    private func prompts(of set: String, in context: StageContext) throws -> [[Int32]] {
        let rows = try context.readEvaluatedRows(of: set)
        guard let option = self.context else {
            let reader = try context.responseRows(prompt ?? .query, answer ?? .call)
            return try rows.map { try reader.prompt(of: $0) }
        }
        let prompts = try OptionPrompts(prompt ?? .query, after: option, in: context)
        let configuration = try ModelConfiguration(json: context.read(ModelFiles.configuration, from: "model"))
        return try rows.map { try AskedRow($0, prompts, positions: configuration.maximumPositions).prompt }
    }
}

/// What a model costs that answers: one that writes, or an encoder that reads and tags.
private enum AnsweringCost {
    case decoder(ModelCost)
    case encoder(EncoderCost)

    init(_ input: String, in context: StageContext) throws {
        let configuration = try context.read(ModelFiles.configuration, from: input)
        if FrameTagger.isTagger(input, in: context) {
            let heads = try TunedEncoder.heads(ofFolder: context.input(input))
            self = .encoder(EncoderCost(try EncoderConfiguration(json: configuration), heads: heads))
        } else {
            self = .decoder(ModelCost(try ModelConfiguration(json: configuration)))
        }
    }

    var embedding: Int {
        switch self {
        case .decoder(let cost): cost.embedding
        case .encoder(let cost): cost.embedding
        }
    }

    var others: Int {
        switch self {
        case .decoder(let cost): cost.others
        case .encoder(let cost): cost.others
        }
    }

    var parameters: Int { embedding + others }

    /// - Parameter cachedTokens: of the prompt; an encoder keeps nothing.
    func operations(of tokens: AnswerTokens, cachedTokens: Int = 0) -> (prefill: Double, decode: Double) {
        switch self {
        case .decoder(let cost):
            let operations = cost.answering(
                promptTokens: tokens.prompt, generatedTokens: tokens.response, cachedTokens: cachedTokens)
            return (operations.prefill, operations.decode)
        case .encoder(let cost): return (cost.reading(tokens: tokens.prompt), 0)
        }
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
            checkpoint: context.resultCheckpoint(of: windows.ranges.count, unit: "window"))
        try context.write(
            [
                "perplexity": .number(perplexity.value), "loss": .number(perplexity.loss),
                "counted_tokens": .count(perplexity.countedTokens), "text_tokens": .count(tokens.count),
                "windows": .count(windows.ranges.count), "context": .count(self.context),
                "stride": .count(stride),
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
