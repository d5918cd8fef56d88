import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite struct QuantizationTests {
    /// Codes, scales and weights as the compressed-tensors library has them (scripts/reference/quant_reference.py).
    @Test func packsAndUnpacksAsTheLibraryDoes() throws {
        for item in try #require(try reference("quantization.json").array) {
            func integers(_ key: String) throws -> [Int] { try #require(item[key]?.array).compactMap(\.integer) }
            let rows = try #require(item["rows"]?.integer)
            let columns = try #require(item["columns"]?.integer)
            let weights = try #require(item["weights"]?.array).compactMap { $0.double.map(Float.init) }
            let quantization = try IntegerQuantization(
                bits: #require(item["bits"]?.integer), groupSize: #require(item["group_size"]?.integer))
            let matrix = try quantization.quantize(weights, rows: rows, columns: columns)
            let stored = matrix.storedTensors(module: "m")
            #expect(try stored["m.weight_packed"]?.integers() == integers("packed"))
            #expect(try matrix.scales.map { Int($0.bitPattern) } == integers("scale_bits"))
            // -0 and 0 are one weight here.
            #expect(try matrix.dequantized() == integers("dequantized_bits").map { Float(bitPattern: UInt32($0)) })
            #expect(stored["m.weight_shape"]?.integers() == [rows, columns])
        }
    }

    @Test(arguments: [(4, 16), (8, 32), (4, 0), (8, 0)])
    func theErrorOfAWeightIsAtMostHalfAStep(bits: Int, groupSize: Int) throws {
        var random = TestRandom(seed: 3)
        let weights = (0..<6 * 64).map { _ in Float.random(in: -2...2, using: &random) }
        let matrix = try IntegerQuantization(bits: bits, groupSize: groupSize).quantize(weights, rows: 6, columns: 64)
        let group = groupSize == 0 ? 64 : groupSize
        for (index, (weight, approximation)) in zip(weights, matrix.dequantized()).enumerated() {
            #expect(abs(weight - approximation) <= matrix.scales[index / group] * 0.5001)
        }
        // A uniform error of a step s has the deviation s/√12; the weights' is 2/√3.
        let step = 2 / Double(1 << (bits - 1) - 1)
        let expected = step / 12.0.squareRoot() / (2 / 3.0.squareRoot())
        #expect(abs(QuantizationReport.relativeError(of: matrix.dequantized(), to: weights) / expected - 1) < 0.15)
    }

    @Test func someRowsAreTheSameAsAllRows() throws {
        var random = TestRandom(seed: 5)
        let weights = (0..<5 * 24).map { _ in Float.random(in: -1...1, using: &random) }
        for bits in [4, 8] {
            let matrix = try IntegerQuantization(bits: bits, groupSize: 8).quantize(weights, rows: 5, columns: 24)
            var rows = [Float](repeating: .nan, count: 2 * 24)
            rows.withUnsafeMutableBufferPointer { matrix.dequantize(rows: 2..<4, into: $0.baseAddress!) }
            #expect(rows == Array(matrix.dequantized()[48..<96]))
        }
    }

    @Test func zerosAndTinyWeightsStayFinite() throws {
        let weights: [Float] = [0, 0, 0, 0, 0, 0, 0, 0, .leastNonzeroMagnitude, 0, 0, 0, 0, 0, 0, 0]
        let matrix = try IntegerQuantization(bits: 4, groupSize: 8).quantize(weights, rows: 1, columns: 16)
        #expect(matrix.dequantized() == Array(repeating: 0, count: 16))
        #expect(QuantizationReport.relativeError(of: matrix.dequantized(), to: Array(repeating: 0, count: 16)) == 0)
    }

    @Test func whatCannotBeQuantizedIsNamedWithTheWayOut() throws {
        #expect(throws: QuantizationError("Weights of 3 bits are not supported; use 4 or 8.")) {
            try IntegerQuantization(bits: 3, groupSize: 0)
        }
        #expect(throws: QuantizationError.self) { try IntegerQuantization(bits: 4, groupSize: 12) }
        let quantization = try IntegerQuantization(bits: 4, groupSize: 128)
        let fault = """
            w has 96 inputs, which is not a multiple of the group size 128; \
            use a group size of 96, or 0 for one scale per output, or ignore the layer.
            """
        #expect(throws: QuantizationError(fault)) {
            try quantization.quantize([Float](repeating: 0, count: 96), rows: 1, columns: 96, name: "w")
        }
        #expect(throws: QuantizationError("w holds a weight that is not a finite number; the model has diverged.")) {
            try quantization.quantize([Float](repeating: .nan, count: 128), rows: 1, columns: 128, name: "w")
        }
    }

    /// A model of one layer, with names as in Qwen2.
    static let model: [String: StoredTensor] = {
        var random = TestRandom(seed: 11)
        func tensor(_ shape: Int...) -> StoredTensor {
            StoredTensor((0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &random) }, shape: shape)
        }
        return [
            "model.embed_tokens.weight": tensor(10, 16),
            "model.layers.0.self_attn.q_proj.weight": tensor(16, 16),
            "model.layers.0.self_attn.q_proj.bias": tensor(16),
            "model.layers.0.mlp.down_proj.weight": tensor(16, 32),
            "model.norm.weight": tensor(16),
            "lm_head.weight": tensor(10, 16),
        ]
    }()

    static let configuration: JSON = [
        "model_type": "qwen2", "vocab_size": 10, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32,
    ]

    static func quantization(bits: Int, groupSize: Int) throws -> ModelQuantization {
        ModelQuantization(.weights(try IntegerQuantization(bits: bits, groupSize: groupSize)))
    }

    @Test func linearLayersArePackedAndReadBack() throws {
        let quantized = try Self.quantization(bits: 4, groupSize: 16)
            .quantize(Self.model, configuration: Self.configuration)
        #expect(quantized.report.layers.map(\.name) == ["model.layers.0.mlp.down_proj", "model.layers.0.self_attn.q_proj"])
        #expect(quantized.report.layers.map(\.bytesAfter) == [16 * 16 + 4 * 32, 16 * 8 + 4 * 16])
        #expect(quantized.report.layers.allSatisfy { (0.03..<0.15).contains($0.relativeError) })
        #expect(quantized.report.bytesBefore - quantized.report.bytesAfter == 4 * 768 - 384 - 192 - 32)

        let file = try SafeTensors(parsing: SafeTensors.serialize(quantized.tensors))
        let files = WeightFiles(file)
        let read = try files.packedMatrices(configuration: quantized.configuration)
        #expect(read.keys.sorted() == quantized.report.layers.map { $0.name + ".weight" })
        #expect(try file.tensor("lm_head.weight") == Self.model["lm_head.weight"])
        let weights = try #require(Self.model["model.layers.0.mlp.down_proj.weight"]?.floats())
        #expect(
            read["model.layers.0.mlp.down_proj.weight"] as? QuantizedMatrix
                == (try IntegerQuantization(bits: 4, groupSize: 16).quantize(weights, rows: 16, columns: 32)))
    }

    @Test func theConfigurationIsThatOfCompressedTensors() throws {
        let quantized = try ModelQuantization(
            .weights(IntegerQuantization(bits: 8, groupSize: 0)), ignoring: ["down_proj", "lm_head"]
        ).quantize(Self.model, configuration: Self.configuration)
        #expect(
            quantized.configuration["quantization_config"] == [
                "quant_method": "compressed-tensors", "format": "pack-quantized", "quantization_status": "compressed",
                "config_groups": [
                    "group_0": [
                        "targets": ["Linear"],
                        "weights": [
                            "num_bits": 8, "type": "int", "symmetric": true, "dynamic": false, "strategy": "channel",
                        ],
                    ]
                ],
                "ignore": ["lm_head", "model.layers.0.mlp.down_proj"],
            ])
        let rest = quantized.configuration.object?.filter { $0.key != "quantization_config" }
        #expect(rest == Self.configuration.object)
        #expect(throws: QuantizationError.self) {
            try Self.quantization(bits: 8, groupSize: 0)
                .quantize(quantized.tensors, configuration: quantized.configuration)
        }
    }

    @Test(arguments: ["weight_packed", "weight_scale", "weight_shape"]) func aDamagedMatrixIsNamed(part: String) throws {
        let quantized = try Self.quantization(bits: 4, groupSize: 16).quantize(Self.model, configuration: Self.configuration)
        let name = "model.layers.0.mlp.down_proj." + part
        for damaged in [nil, StoredTensor([Int64(1) << 62, 1 << 62], shape: [2]), StoredTensor([Int64(3)], shape: [1])] {
            var tensors = quantized.tensors
            tensors[name] = damaged
            let file = try SafeTensors(parsing: SafeTensors.serialize(tensors))
            if part == "weight_packed" && damaged == nil { continue }
            #expect(throws: ModelFileError.self) {
                try WeightFiles(file).packedMatrices(configuration: quantized.configuration)
            }
        }
    }

    @Test func aQuantizationOfAnotherKindIsRefused() throws {
        let file = try SafeTensors(parsing: SafeTensors.serialize(Self.model))
        #expect(try WeightFiles(file).packedMatrices(configuration: [:]).isEmpty)
        #expect(throws: ModelFileError.self) {
            try WeightFiles(file).packedMatrices(configuration: ["quantization_config": ["quant_method": "gptq"]])
        }
    }
}
