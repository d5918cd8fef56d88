import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// Blocks whose scales are searched, against ggml's (scripts/reference/gguf_search_reference.py), and which matrix gets which.
@Suite struct GGUFSearchTests {
    static let searched: [GGUFTensorType] = [.q5_0, .q5_1, .q4_K, .q5_K, .q6_K]

    @Test(arguments: searched, [false, true])
    func blocksAreThoseOfTheReference(type: GGUFTensorType, isWeighted: Bool) throws {
        let file = try reference("gguf-searches.json")
        let floats = try GGUFTests.floats(file["floats"])
        let importance = try GGUFTests.floats(file["importance"])
        let own = try #require(file[type.name])
        let columns = try #require(own["columns"]?.integer)
        let all = importance.count
        let rows = stride(from: 0, to: floats.count, by: all).flatMap { floats[$0..<$0 + columns] }
        let expected = try GGUFTests.bytes(own[isWeighted ? "weighted" : "plain"])
        for threads in [1, 3] {
            let bytes = try type.pack(
                rows, columns: columns, importance: isWeighted ? Array(importance[..<columns]) : nil,
                workers: WorkerPool(threads: threads))
            #expect(bytes.count == expected.count)
            let blocks = expected.count / type.blockSize
            let wrong = (0..<blocks).filter { block in
                let range = block * type.blockSize..<(block + 1) * type.blockSize
                return bytes[range] != expected[range]
            }
            #expect(wrong.isEmpty, "\(wrong.count) of \(blocks) blocks")
        }
    }

    /// Columns that nothing is multiplied with may lose everything; the others lose less.
    @Test(arguments: searched) func importantColumnsLoseLess(type: GGUFTensorType) throws {
        var random = SystemRandom(seed: 5)
        let row = (0..<512).map { _ in Float.random(in: -1...1, using: &random) }
        let importance = (0..<512).map { $0 % 4 == 0 ? Float(50) : 0.01 }
        func loss(_ importance: [Float]?) throws -> Float {
            let bytes = try type.pack(row, columns: 512, importance: importance, workers: .caller)
            var restored = [Float](repeating: 0, count: 512)
            bytes.withUnsafeBytes { bytes in restored.withUnsafeMutableBufferPointer { type.restore(bytes, into: $0) } }
            return stride(from: 0, to: 512, by: 4).reduce(0) { $0 + (row[$1] - restored[$1]) * (row[$1] - restored[$1]) }
        }
        #expect(try loss(importance) < loss(nil) * 0.9)
    }

    // MARK: Mixes

    private static func types(
        _ precision: GGUFPrecision, hidden: Int = 256, layers: Int = 16, tied: Bool = true, family: ModelFamily = .llama
    ) throws -> [String: GGUFTensorType] {
        let configuration = try ModelConfiguration(
            vocabularySize: 300, hiddenSize: hidden, layerCount: layers, headCount: 4, keyValueHeadCount: 2,
            intermediateSize: 512, tiesEmbeddings: tied, family: family)
        return Dictionary(
            uniqueKeysWithValues: DecoderLayout(configuration).parameters.map {
                ($0.ggufName, precision.type(of: $0, in: configuration))
            })
    }

    /// As llama-quantize prints it for 16 layers.
    @Test func someLayersHaveMoreBits() throws {
        let six = [0, 1, 4, 7, 10, 13, 14, 15]
        for (precision, common) in [(GGUFPrecision.q4_K_M, GGUFTensorType.q4_K), (.q5_K_M, .q5_K), (.q6_K, .q6_K)] {
            let types = try Self.types(precision)
            for layer in 0..<16 {
                let expected = six.contains(layer) ? GGUFTensorType.q6_K : common
                for name in ["attn_v", "ffn_down"] {
                    #expect(types["blk.\(layer).\(name).weight"] == expected, "\(layer) \(name)")
                }
                for name in ["attn_q", "attn_k", "attn_output", "ffn_up", "ffn_gate"] {
                    #expect(types["blk.\(layer).\(name).weight"] == common)
                }
                #expect(types["blk.\(layer).attn_norm.weight"] == .f32)
            }
            #expect(types["token_embd.weight"] == .q6_K && types["output.weight"] == nil)
            let untied = try Self.types(precision, tied: false)
            #expect(untied["token_embd.weight"] == common && untied["output.weight"] == .q6_K)
        }
    }

    @Test func rowsThatAreNoWholeBlocksFallBack() throws {
        let narrow = try Self.types(.q4_K_M, hidden: 288)
        #expect(narrow["blk.2.attn_v.weight"] == .q5_0 && narrow["blk.0.attn_v.weight"] == .q8_0)
        #expect(narrow["token_embd.weight"] == .q8_0)
        #expect(narrow["blk.0.ffn_down.weight"] == .q6_K && narrow["blk.2.ffn_down.weight"] == .q4_K)
        #expect(try Self.types(.q5_K_M, hidden: 288)["blk.2.attn_q.weight"] == .q5_1)
        #expect(try Self.types(.q4_K_M, hidden: 264)["blk.2.attn_q.weight"] == .f16)
    }

    @Test func queriesKeysAndValuesInOneMatrixCountAsValues() throws {
        let types = try Self.types(.q4_K_M, family: .phi3)
        #expect(types["blk.0.attn_qkv.weight"] == .q6_K && types["blk.2.attn_qkv.weight"] == .q4_K)
    }
}

/// A generator of a fixed sequence.
private struct SystemRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
