import CanonicalJSON
import Testing

@testable import Engine

@Suite struct CostTests {
    /// Two layers, two heads of four over one KV head.
    static func small(_ family: ModelFamily = .qwen2, tied: Bool = true) throws -> ModelConfiguration {
        try ModelConfiguration(
            vocabularySize: 10, hiddenSize: 8, layerCount: 2, headCount: 2, keyValueHeadCount: 1, intermediateSize: 16,
            tiesEmbeddings: tied, family: family)
    }

    static func qwen(_ hidden: Int, _ intermediate: Int) throws -> ModelConfiguration {
        try ModelConfiguration(
            vocabularySize: 151_936, hiddenSize: hidden, layerCount: 24, headCount: 14, keyValueHeadCount: 2,
            intermediateSize: intermediate, headDimension: 64)
    }

    /// [P table 7]: billions to three digits, non-embedding and embedding. The table prints 0.282 for 704×4864, where the
    /// shape gives 0.2812; its own row 704×4096 (0.242) and the 0.0389 of the wider FFN make 0.281 too.
    @Test(arguments: [
        (896, 4864, 358, 136), (896, 3328, 259, 136), (832, 3840, 271, 126), (768, 4352, 278, 117), (704, 4864, 281, 107),
        (896, 2560, 209, 136), (768, 3584, 236, 117), (704, 4096, 242, 107), (640, 4864, 256, 97),
    ])
    func parametersOfTheShapesOfQwen(hidden: Int, intermediate: Int, others: Int, embedding: Int) throws {
        let cost = ModelCost(try Self.qwen(hidden, intermediate))
        #expect((Double(cost.others) / 1e6).rounded() == Double(others))
        #expect((Double(cost.embedding) / 1e6).rounded() == Double(embedding))
    }

    @Test func parametersByHand() throws {
        // The published count of Qwen2.5-0.5B.
        #expect(ModelCost(try Self.qwen(896, 4864)).parameters == 494_032_768)
        // Layer: Q 8·8+8, K and V 2·(8·4+4), output 8·8, FFN 3·8·16, norms 2·8.
        let layer = 72 + 72 + 64 + 384 + 16
        #expect(ModelCost(try Self.small()).others == 2 * layer + 8)
        #expect(ModelCost(try Self.small()).embedding == 80)
        #expect(ModelCost(try Self.small(tied: false)).parameters == 2 * layer + 8 + 160)
    }

    /// The published count of SmolLM2-135M; its projections have no biases, which would be 28 800 more.
    @Test func aFamilyWithoutBiasesHasNoneInItsCount() throws {
        let configuration: JSON = [
            "model_type": "llama", "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
            "num_key_value_heads": 3, "intermediate_size": 1536, "vocab_size": 49_152, "tie_word_embeddings": true,
        ]
        #expect(ModelCost(try ModelConfiguration(json: configuration)).parameters == 134_515_008)
    }

    @Test(arguments: ModelFamily.all, [true, false]) func aCountIsThatOfTheModel(family: ModelFamily, tied: Bool) throws {
        let model = Model(zeros: try Self.small(family, tied: tied))
        #expect(ModelCost(model.configuration).parameters == model.parameterCount)
        #expect(model.parameters.reduce(0) { $0 + $1.count } == model.parameterCount)
    }

    /// A token and layer: Q and output 2·(2·8·8), K and V 2·(2·8·4), FFN 3·2·8·16 = 1152; a context token: 2·2·8 = 32.
    /// The head: 2·8·10 = 160. Prompt, generated, cached tokens; prefill, decode.
    static let workloads: [(Int, Int, Int, Double, Double)] = [
        (1, 0, 0, 2368, 0),  // 2·(1152 + 32)
        (3, 0, 0, 7296, 0),  // 2·(3·1152 + (1+2+3)·32)
        (3, 2, 0, 7296, 5504),  // 2·(2·1152 + (4+5)·32) + 2·160
        (3, 2, 2, 2496, 5504),  // 2·(1152 + 3·32)
        (3, 1, 9, 0, 2720),  // 2·(1152 + 4·32) + 160
        (0, 1, 0, 0, 2528),  // 2·(1152 + 32) + 160
    ]

    @Test(arguments: workloads)
    func operationsByHand(prompt: Int, generated: Int, cached: Int, prefill: Double, decode: Double) throws {
        let cost = ModelCost(try Self.small()).answering(
            promptTokens: prompt, generatedTokens: generated, cachedTokens: cached)
        #expect(cost.prefill == prefill)
        #expect(cost.decode == decode)
    }

    /// The workload of [P appendix I]: Qwen2.5-0.5B, 1,792 prompt tokens of which 128 are not cached, 9 answer tokens.
    @Test func aCachedPrefixOfTheSizeOfThePapers() throws {
        let cost = ModelCost(try Self.qwen(896, 4864))
        let answer = cost.answering(promptTokens: 1792, generatedTokens: 9, cachedTokens: 1664)
        #expect(((answer.prefill + answer.decode) / 1e8).rounded() == 1209)
        #expect((answer.prefill / 1e8).rounded() == 1106 && (answer.decode / 1e8).rounded() == 103)
        // 24 layers of three matrices: the uncached tokens' feed-forward alone is more than the 43.31 GFLOPs of [P table 1].
        #expect(Double(128 * 24 * 3 * 2 * 896 * 4864) / 1e9 > 80)
    }
}

/// What prompts have in common at their beginning.
@Suite struct PrefixTreeTests {
    @Test func promptsShareWhatTheyBeginWith() {
        let prompts: [[Int32]] = [[1, 2, 3, 4], [1, 2, 9], [5, 6], [1, 2, 3, 7, 8]]
        #expect(PrefixTree(of: prompts).cachedTokens.reduce(0, +) == 2 + 3)
    }

    @Test func ofEqualPromptsTheLastTokenIsComputedAgain() {
        #expect(PrefixTree(of: [[1, 2, 3], [1, 2, 3], [1, 2, 3]]).cachedTokens == [0, 2, 2])
        #expect(PrefixTree(of: [[1], [1]]).cachedTokens == [0, 0])
    }

    @Test func aPromptThatIsAnothersBeginningIsReadFirst() {
        #expect(PrefixTree(of: [[1, 2, 3], [1, 2]]).cachedTokens == [2, 0])
    }

    @Test func nothingIsSharedByNothing() {
        #expect(PrefixTree(of: []).cachedTokens == [])
        #expect(PrefixTree(of: [[], [1, 2], []]).cachedTokens == [0, 0, 0])
    }

    /// Against a tree that is really made.
    @Test func theSumIsWhatATreeHasNoNodesFor() {
        struct Node: Hashable { var parent: Int, token: Int32 }
        var state: UInt64 = 9
        func random(_ count: UInt64) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % Int(count)
        }
        let prompts = (0..<200).map { _ in (0..<1 + random(12)).map { _ in Int32(random(3)) } + [Int32(100 + random(1 << 30))] }
        var nodes: [Node: Int] = [:]
        for prompt in prompts {
            var place = 0
            for token in prompt {
                let node = Node(parent: place, token: token)
                if nodes[node] == nil { nodes[node] = nodes.count + 1 }
                place = nodes[node] ?? 0
            }
        }
        let cached = PrefixTree(of: prompts).cachedTokens.reduce(0, +)
        #expect(prompts.map(\.count).reduce(0, +) - cached == nodes.count)
        #expect(PrefixTree(of: prompts.reversed()).cachedTokens.reduce(0, +) == cached)
    }
}
