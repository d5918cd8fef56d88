import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// GGUF files that are read, and those that are written.
@Suite struct GGUFTests {
    static func bytes(_ hex: JSON?) throws -> [UInt8] {
        let digits = Array(try #require(hex?.string).utf8)
        return stride(from: 0, to: digits.count, by: 2).map { place in
            UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }

    static func floats(_ hex: JSON?) throws -> [Float] {
        let bytes = try bytes(hex)
        return StoredTensor(elementType: .float32, shape: [bytes.count / 4], bytes: bytes).floats() ?? []
    }

    // MARK: Blocks

    /// Bit for bit what the `gguf` package gives; `scripts/reference/gguf_reference.py` wrote it.
    @Test(arguments: GGUFTensorType.allCases.filter { $0 != .f32 })
    func blocksAreRestoredAsTheReferenceDoes(type: GGUFTensorType) throws {
        let reference = try #require(try reference("gguf-blocks.json")["restored"]?[type.name])
        let blocks = try Self.bytes(reference["blocks"])
        let expected = try Self.floats(reference["floats"])
        var found = [Float](repeating: 0, count: expected.count)
        blocks.withUnsafeBytes { blocks in found.withUnsafeMutableBufferPointer { type.restore(blocks, into: $0) } }
        #expect(expected.count == blocks.count / type.blockSize * type.blockLength)
        #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
    }

    @Test(arguments: [GGUFTensorType.f16, .q8_0, .q4_0])
    func rowsArePackedAsTheReferenceDoes(type: GGUFTensorType) throws {
        let reference = try #require(try reference("gguf-blocks.json")["packed"])
        let floats = try Self.floats(reference["floats"])
        var bytes: [UInt8] = []
        try floats.withUnsafeBufferPointer { try type.pack($0, into: &bytes) }
        #expect(try bytes == Self.bytes(reference[type.name]))
    }

    @Test func whatHalfPrecisionCannotHoldIsRefused() {
        for type in [GGUFTensorType.f16, .q8_0, .q4_0, .q5_0, .q5_1, .q4_K, .q5_K, .q6_K] {
            for weight in [Float.nan, .infinity, 3e38] {
                var row = [Float](repeating: 1, count: 256)
                row[5] = weight
                var bytes: [UInt8] = []
                #expect(throws: GGUFRangeError.self) { try row.withUnsafeBufferPointer { try type.pack($0, into: &bytes) } }
            }
            // Too small for a scale: zeros.
            var bytes: [UInt8] = []
            let row = [Float](repeating: .leastNonzeroMagnitude, count: 256)
            #expect(throws: Never.self) { try row.withUnsafeBufferPointer { try type.pack($0, into: &bytes) } }
        }
    }

    @Test func everyHalfIsTheNearestOfItsFloat() {
        for bits in UInt16.min...UInt16.max {
            let value = HalfPrecision.float(fromFloat16: bits)
            if value.isNaN {
                #expect(HalfPrecision.float(fromFloat16: HalfPrecision.float16(from: value)).isNaN)
            } else {
                #expect(HalfPrecision.float16(from: value) == bits)
            }
        }
        for bits in UInt16.min..<0x7BFF {
            let (low, high) = (HalfPrecision.float(fromFloat16: bits), HalfPrecision.float(fromFloat16: bits + 1))
            let middle = (low + high) / 2
            #expect(HalfPrecision.float16(from: middle.nextDown) == bits)
            #expect(HalfPrecision.float16(from: middle.nextUp) == bits + 1)
            #expect(HalfPrecision.float16(from: middle) == (bits.isMultiple(of: 2) ? bits : bits + 1))
        }
        #expect(HalfPrecision.float16(from: 65_519.99) == 0x7BFF && HalfPrecision.float16(from: 65_520) == 0x7C00)
        #expect(HalfPrecision.float16(from: -1e10) == 0xFC00)
    }

    // MARK: Whole models

    @Test(arguments: GGUFPrecision.allCases, ModelFamily.all)
    func aModelThatIsWrittenIsReadBack(precision: GGUFPrecision, family: ModelFamily) throws {
        let scaling = [.qwen2, .phi3].contains(family) ? nil : try SmallModel.llama3Scaling()
        let model = try SmallModel.model(
            family, tied: family == .qwen2, headDimension: family == .qwen2 ? nil : 32, scaling: scaling)
        let folder = try SmallModel.folder(model)
        try folder.model.writeGGUF(to: folder.file("model.gguf"), precision, name: "small")
        let file = try GGUFFile(reading: folder.file("model.gguf"))
        #expect(file.metadata["general.name"]?.string == "small")
        let read = try file.model()
        #expect(read.configuration == model.configuration.inGGUF)
        for parameter in model.parameters {
            let type = precision.type(of: parameter, in: model.configuration.inGGUF)
            #expect(file.tensors[parameter.ggufName]?.type == type, "\(parameter.name)")
            // What the type makes of the weights, whatever their order: the rows are whole blocks.
            var bytes: [UInt8] = []
            try Array(model.weights(of: parameter)).withUnsafeBufferPointer { weights in
                for start in stride(from: 0, to: weights.count, by: parameter.shape.last ?? 1) {
                    let row = weights[start..<start + (parameter.shape.last ?? 1)]
                    try type.pack(UnsafeBufferPointer(rebasing: row), into: &bytes)
                }
            }
            var expected = [Float](repeating: 0, count: parameter.count)
            bytes.withUnsafeBytes { bytes in expected.withUnsafeMutableBufferPointer { type.restore(bytes, into: $0) } }
            #expect(Array(read.weights(of: parameter)) == expected, "\(parameter.name)")
        }
        #expect(
            file.tensors["blk.0.ffn_down.weight"]?.type == (precision == .f32 ? .f32 : .f16), "rows of 40 are no whole blocks")
        #expect(file.tensors["output.weight"] == nil || !model.configuration.tiesEmbeddings)
    }

    /// Head by head, neighbours in the file are the two halves of the model's rows; those of other families stay where they are.
    @Test func queriesAndKeysOfLlamaAreReordered() throws {
        for family in ModelFamily.all {
            let folder = try SmallModel.folder(try SmallModel.model(family, headDimension: 6))
            let model = try folder.model.model()
            try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
            let file = try GGUFFile(reading: folder.file("model.gguf"))
            let matrices = [("attn_q", "q_proj"), ("attn_k", "k_proj"), ("attn_v", "v_proj")]
            for (name, parameter) in family == .phi3 ? [("attn_qkv", "qkv_proj")] : matrices {
                let stored = file.floats(try #require(file.tensors["blk.1.\(name).weight"]))
                let weights = Array(
                    model.weights(of: try #require(model.parameter(named: "model.layers.1.self_attn.\(parameter).weight"))))
                let isReordered = [.llama, .mistral, .smolLM3].contains(family) && name != "attn_v"
                let order = !isReordered ? [0, 1, 2, 3, 4, 5] : [0, 3, 1, 4, 2, 5]
                for row in 0..<stored.count / 64 {
                    let source = row / 6 * 6 + order[row % 6]
                    let expected = weights[source * 64..<source * 64 + 64].map {
                        HalfPrecision.float(fromFloat16: HalfPrecision.float16(from: $0))
                    }
                    #expect(Array(stored[row * 64..<row * 64 + 64]) == expected)
                }
            }
        }
    }

    @Test(arguments: ModelFamily.all) func aPackedModelIsWrittenAsItsFloats(family: ModelFamily) throws {
        let folder = try SmallModel.folder(try SmallModel.model(family))
        let stored = try SafeTensors(reading: folder.file("model.safetensors")).allTensors()
        let quantized = try ModelQuantization(.weights(IntegerQuantization(bits: 8, groupSize: 8)))
            .quantize(stored, configuration: folder.json("config.json"))
        try SafeTensors.write(quantized.tensors, to: folder.file("model.safetensors"))
        try folder.write(quantized.configuration, to: "config.json")
        try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
        let read = try GGUFFile(reading: folder.file("model.gguf")).model()
        let expected = try folder.model.inferenceModel().restored()
        for parameter in expected.parameters where parameter.shape.count == 2 {
            let halves = expected.weights(of: parameter).map {
                HalfPrecision.float(fromFloat16: HalfPrecision.float16(from: $0))
            }
            let other = try #require(read.parameter(named: parameter.name))
            #expect(Array(read.weights(of: other)) == halves, "\(parameter.name)")
        }
    }

    @Test(arguments: ModelFamily.all) func theFoldersFilesSurviveTheWayThroughGGUF(family: ModelFamily) throws {
        let model = try SmallModel.model(family)
        let folder = try SmallModel.folder(model)
        try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
        let imported = TemporaryFolder()
        try imported.model.importModel(from: GGUFFile(reading: folder.file("model.gguf")))
        #expect(try imported.json("tokenizer.json") == folder.json("tokenizer.json"))
        #expect(try imported.json("config.json") == model.configuration.inGGUF.json)
        #expect(try imported.json("generation_config.json") == folder.json("generation_config.json"))
        let (old, new) = (try folder.json("tokenizer_config.json"), try imported.json("tokenizer_config.json"))
        for key in ["chat_template", "eos_token", "pad_token", "decant_prompt"] { #expect(old[key] == new[key], "\(key)") }
        #expect(try imported.model.tokenizer().encode("turn on") == folder.model.tokenizer().encode("turn on"))
        #expect(try imported.model.model().parameterCount == DecoderLayout(model.configuration.inGGUF).count)
    }

    @Test func rotaryFactorsOfAnotherKindAreRefused() throws {
        let model = try SmallModel.model(.llama, scaling: SmallModel.llama3Scaling())
        let folder = try SmallModel.folder(model)
        try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
        var content = try Data(contentsOf: folder.file("model.gguf"))
        let file = try GGUFFile(parsing: content)
        let factors = file.floats(try #require(file.tensors["rope_freqs.weight"]))
        #expect(factors.first == 1 && abs((factors.last ?? 0) - 8) < 1e-5)
        #expect(zip(factors, factors.dropFirst()).allSatisfy { $0 <= $1 })
        // The factors come first in the data.
        let start = content.count - file.tensors.values.reduce(0) { $0 + ($1.range.count + 31) / 32 * 32 }
        content.replaceSubrange(start..<start + 4, with: withUnsafeBytes(of: Float(3)) { Array($0) })
        let error = #expect(throws: ModelFileError.self) { try GGUFFile(parsing: content).model() }
        #expect(error?.reason.contains("rope_freqs.weight") == true)
    }
}
