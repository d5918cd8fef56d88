import CanonicalJSON
import Foundation
import Stages
import TestSupport
import Testing

@testable import Engine
@testable import Kinds

/// Decoders whose last token's state stands for a text.
@Suite struct DecoderEncoderTests {
    /// A folder with a small decoder that was drawn at random, and its tokenizer.
    private final class Folder {
        private let temporary = TemporaryFolder()
        var url: URL { temporary.url }

        init() throws {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            let data = TunedEncoderStageTests.inputs(test: [])
            let tokenizer = try StageRun(TokenizerTrain(vocabulary: 280), inputs: data)
            let shape = ModelShape(hidden: 16, layers: 2, heads: 2, kvHeads: 1, intermediate: 24)
            let model = try StageRun(ModelInit(shape: shape), inputs: tokenizer.folder(as: "tokenizer"))
            for (path, content) in try model.folder(as: "model") {
                try content.write(to: url.appending(path: (path as NSString).lastPathComponent))
            }
        }

        func vectors(_ texts: [String], threads: Int = 1) throws -> [SentenceEmbedding] {
            let workers = WorkerPool(threads: threads)
            let encoder = try TextEncoder(readingFolder: url, products: .float32, workers: workers)
            return try encoder.embeddings(of: texts, workers: workers)
        }
    }

    private static let texts = ["turn the light on", "play music", "", "the", "turn on", "off", "play a song in the room"]

    /// The head's logits are the products of its rows with that state, but for its length.
    @Test func aVectorIsTheStateThatTheHeadReads() throws {
        let folder = try Folder()
        let model = try ModelFolder(folder.url).inferenceModel()
        let tokenizer = try ModelFolder(folder.url).tokenizer()
        let text = "turn the light on"
        let vector = try #require(try folder.vectors([text]).first)
        let tokens = tokenizer.encodeWithFrame(text).map(Int32.init)
        var batch = PackedBatch()
        batch.append(tokens, predicting: tokens.count - 1..<tokens.count)
        let layout = model.model.layout
        let weights = model.model.values.buffer.values
        let size = layout.configuration.vocabularySize
        let expected = (0..<size).map { token -> Double in
            let row = weights[layout.head.offset + token * 16..<layout.head.offset + (token + 1) * 16]
            return zip(row, vector.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        var logits: [Double] = []
        model.decoder(positions: tokens.count, workers: .caller).forEachLogits(of: batch) { _, found in
            logits = (0..<size).map { Double(found[$0]) }
        }
        func length(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        #expect(logits.count == size && length(logits) > 0)
        for (found, wanted) in zip(logits, expected) {
            #expect(abs(found / length(logits) - wanted / length(expected)) < 1e-5)
        }
        #expect(abs(vector.similarity(to: vector) - 1) < 1e-6)
    }

    @Test func neitherThreadsNorNeighboursChangeAVector() throws {
        let folder = try Folder()
        let expected = try folder.vectors(Self.texts)
        #expect(try folder.vectors(Self.texts, threads: 3) == expected)
        #expect(try folder.vectors([Self.texts[6]]) == [expected[6]])
        #expect(Set(expected).count == expected.count)
    }

    /// Encoders are published without a head, and without the prefix of models that have one.
    @Test func namesMayLackTheirPrefix() throws {
        let folder = try Folder()
        let expected = try folder.vectors(Self.texts)
        let tensors = try WeightFiles(folder: folder.url).tensors()
        #expect(tensors.keys.allSatisfy { $0.hasPrefix("model.") })
        let bare = Dictionary(uniqueKeysWithValues: tensors.map { (String($0.key.dropFirst("model.".count)), $0.value) })
        try SafeTensors.write(bare, to: folder.url.appending(path: WeightFiles.single))
        #expect(try folder.vectors(Self.texts) == expected)
    }

    @Test func otherPoolingIsRefused() throws {
        let folder = try Folder()
        let pooling = folder.url.appending(path: "1_Pooling", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: pooling, withIntermediateDirectories: true)
        let file = pooling.appending(path: "config.json")
        try Data(#"{"pooling_mode_lasttoken":true,"pooling_mode_mean_tokens":false}"#.utf8).write(to: file)
        #expect(throws: Never.self) { try folder.vectors(["a"]) }
        try Data(#"{"pooling_mode_lasttoken":false,"pooling_mode_mean_tokens":true}"#.utf8).write(to: file)
        #expect { try folder.vectors(["a"]) } throws: { "\($0)".contains("1_Pooling/config.json: the last token's state") }
    }
}
