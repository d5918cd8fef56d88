import CanonicalJSON
import Testing

@testable import Engine

@Suite struct CostTests {
    /// Two layers, two heads of four over one KV head.
    static let small = CostShape(
        hidden: 8, layers: 2, heads: 2, keyValueHeads: 1, headSize: 4, intermediate: 16, vocabulary: 10, tied: true)

    static func qwen(_ hidden: Int, _ intermediate: Int) -> CostShape {
        CostShape(
            hidden: hidden, layers: 24, heads: 14, keyValueHeads: 2, headSize: 64, intermediate: intermediate,
            vocabulary: 151_936, tied: true)
    }

    /// [P table 7]: billions to three digits, non-embedding and embedding. The table prints 0.282 for 704×4864, where the
    /// shape gives 0.2812; its own row 704×4096 (0.242) and the 0.0389 of the wider FFN make 0.281 too.
    @Test(arguments: [
        (896, 4864, 358, 136), (896, 3328, 259, 136), (832, 3840, 271, 126), (768, 4352, 278, 117), (704, 4864, 281, 107),
        (896, 2560, 209, 136), (768, 3584, 236, 117), (704, 4096, 242, 107), (640, 4864, 256, 97),
    ])
    func parametersOfTheShapesOfQwen(hidden: Int, intermediate: Int, others: Int, embedding: Int) {
        let count = ParameterCount(Self.qwen(hidden, intermediate))
        #expect((Double(count.others) / 1e6).rounded() == Double(others))
        #expect((Double(count.embedding) / 1e6).rounded() == Double(embedding))
    }

    @Test func parametersByHand() {
        // The published count of Qwen2.5-0.5B.
        #expect(ParameterCount(Self.qwen(896, 4864)).total == 494_032_768)
        // Layer: Q 8·8+8, K and V 2·(8·4+4), output 8·8, FFN 3·8·16, norms 2·8.
        let layer = 72 + 72 + 64 + 384 + 16
        #expect(ParameterCount(Self.small).others == 2 * layer + 8)
        #expect(ParameterCount(Self.small).embedding == 80)
        var untied = Self.small
        untied.tied = false
        #expect(ParameterCount(untied).total == 2 * layer + 8 + 160)
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
    func operationsByHand(prompt: Int, generated: Int, cached: Int, prefill: Double, decode: Double) {
        let cost = InferenceCost(Self.small, promptTokens: prompt, generatedTokens: generated, cachedTokens: cached)
        #expect(cost.prefill == prefill)
        #expect(cost.decode == decode)
        #expect(cost.total == prefill + decode)
    }

    @Test func theShapeIsReadFromTheConfiguration() throws {
        let configuration: JSON = [
            "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
            "intermediate_size": 16, "vocab_size": 10, "tie_word_embeddings": true,
        ]
        #expect(try CostShape(configuration: configuration) == Self.small)
        let fault = "'hidden_size' is not a whole number between 1 and 1048576"
        #expect(throws: ModelFileError(file: "config.json", reason: fault)) {
            try CostShape(configuration: ["hidden_size": 0])
        }
    }
}
