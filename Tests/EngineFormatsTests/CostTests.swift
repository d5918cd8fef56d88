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
}
