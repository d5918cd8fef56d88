import CanonicalJSON
import TestSupport
import Testing

@testable import Engine

/// With nothing ignored the head is quantized too, a tied one as a matrix of its own.
@Suite struct QuantizedHeadTests {
    private struct Quantized {
        var result: QuantizedModel
        var model: InferenceModel
        var float: Model
    }

    private func quantized(tied: Bool, _ scheme: QuantizationScheme, ignoring ignored: [String]) throws -> Quantized {
        let configuration = try ModelConfiguration(
            vocabularySize: 40, hiddenSize: 32, layerCount: 1, headCount: 4, keyValueHeadCount: 2, intermediateSize: 64,
            tiesEmbeddings: tied)
        let model = Model(initializing: configuration, seed: 5)
        let (result, read) = try ModelQuantization(scheme, ignoring: ignored).throughAFolder(model)
        return Quantized(result: result, model: read, float: model)
    }

    private static let rows = [TrainingExample(tokens: [1, 5, 9, 2, 30, 12, 4], promptLength: 2)]

    @Test(arguments: [true, false], [QuantizationScheme.int8, .float8])
    func theHeadIsQuantizedAndTheEmbeddingIsNot(tied: Bool, scheme: QuantizationScheme) throws {
        let quantized = try quantized(tied: tied, scheme, ignoring: [])
        #expect(quantized.result.tensors["lm_head.weight_scale"] != nil)
        #expect(quantized.result.configuration["tie_word_embeddings"] == false)
        #expect(quantized.result.configuration["quantization_config"]?["ignore"] == [])
        let restored = quantized.model.restored()
        let (embedding, head) = try (
            #require(restored.parameter(named: "model.embed_tokens.weight")),
            #require(restored.parameter(named: "lm_head.weight"))
        )
        let source = try #require(quantized.float.parameter(named: tied ? "model.embed_tokens.weight" : "lm_head.weight"))
        let before = Array(quantized.float.weights(of: source))
        if tied { #expect(Array(restored.weights(of: embedding)) == before) }
        let after = Array(restored.weights(of: head))
        #expect(after != before && zip(after, before).allSatisfy { abs($0 - $1) < 0.01 })
    }

    /// Weights alone are rounded: the packed head gives the bits of its floats.
    @Test func aPackedHeadGivesWhatItsFloatsGive() throws {
        let grid = try IntegerQuantization(bits: 4, groupSize: 32)
        let model = try quantized(tied: true, .weights(grid), ignoring: []).model
        let workers = WorkerPool(threads: 2)
        let floats = InferenceModel(model.restored())
        #expect(
            try model.captureLogits(Self.rows, k: 40, workers: workers)
                == floats.captureLogits(Self.rows, k: 40, workers: workers))
        let options = GenerationOptions(maximumTokens: 12)
        #expect(
            try model.generate([[1, 5, 9]], options: options, workers: workers)
                == floats.generate([[1, 5, 9]], options: options, workers: workers))
    }

    @Test func modulesAreIgnoredByTheirNamesNotByEndingsOfThem() throws {
        let all = try quantized(tied: true, .int8, ignoring: ["lm_head"]).result.report.layers.map(\.name)
        for ending in ["proj", "wn_proj"] {
            #expect(throws: QuantizationError.self) { try quantized(tied: true, .int8, ignoring: ["lm_head", ending]) }
        }
        let whole = "model.layers.0.mlp.up_proj"
        let some = try quantized(tied: true, .int8, ignoring: ["lm_head", "down_proj", whole]).result.report.layers.map(\.name)
        #expect(some == all.filter { !$0.hasSuffix("down_proj") && $0 != whole })
    }

    @Test func anIgnoredHeadStaysTied() throws {
        let quantized = try quantized(tied: true, .int8, ignoring: ["lm_head"])
        #expect(quantized.result.configuration["tie_word_embeddings"] == true)
        #expect(quantized.result.tensors.keys.allSatisfy { !$0.hasPrefix("lm_head") })
    }
}
