import CKernels
import CanonicalJSON
import Foundation
import Synchronization
import Testing
import TestSupport

@testable import Engine

/// A small encoder with known weights against `transformers`; `scripts/reference/bert_reference.py` writes what it gives.
@Suite struct SentenceEncoderTests {
    static let reference = Result { try referenceFile("bert.json") }

    /// A folder with the reference's encoder.
    final class Folder {
        private let temporary = TemporaryFolder()
        var url: URL { temporary.url }

        init(prefix: String = "", extra: [String: StoredTensor] = [:]) throws {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            let reference = try SentenceEncoderTests.reference.get()
            let configuration = try #require(reference["config"])
            try write(configuration.canonicalText, "config.json")
            try write((reference["vocabulary"]?.array ?? []).compactMap(\.string).joined(separator: "\n"), "vocab.txt")
            let parameters = EncoderLayout(try EncoderConfiguration(json: configuration)).parameters
            let names = parameters.map(\.name).sorted()
            var tensors = extra
            for parameter in parameters {
                let index = names.firstIndex(of: parameter.name) ?? 0
                let shift: Double = parameter.name.hasSuffix("LayerNorm.weight") ? 1 : 0
                let values = (0..<parameter.count).map { place in
                    Float((Double((7919 * place + 104_729 * index) % 2003) / 2003 - 0.5) * 0.4 + shift)
                }
                tensors[prefix + parameter.name] = StoredTensor(values, shape: parameter.shape)
            }
            try SafeTensors.write(tensors, to: url.appending(path: "model.safetensors"))
        }

        func write(_ text: String, _ file: String) throws {
            let target = url.appending(path: file)
            try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: target)
        }

        func encoder(_ workers: WorkerPool = .caller) throws -> SentenceEncoder {
            try SentenceEncoder(readingFolder: url, workers: workers)
        }
    }

    static let texts = (0..<70).map { index in
        (0...index % 9).map { ["turn", "on", "lights", "playful", "songs", "the", "room!"][(index + $0 * $0) % 7] }
            .joined(separator: " ")
    }

    @Test func vectorsAreThoseOfTheLibrary() throws {
        let encoder = try Folder().encoder()
        for row in try #require(try Self.reference.get()["rows"]?.array) {
            let text = try #require(row["text"]?.string)
            #expect(
                encoder.tokenizer.encode(text, atMost: encoder.sequenceLimit).map(Int.init)
                    == (row["ids"]?.array ?? []).compactMap(\.integer))
            let expected = (row["vector"]?.array ?? []).compactMap(\.double)
            let vector = try #require(try encoder.embeddings(of: [text], workers: .caller).first)
            #expect(vector.values.count == expected.count)
            #expect(zip(vector.values, expected).allSatisfy { abs(Double($0) - $1) <= 2e-6 }, "\(text)")
            #expect(abs(vector.similarity(to: vector) - 1) < 1e-6)
        }
    }

    /// Nothing but the text is part of its vector.
    @Test func neitherThreadsNorNeighboursChangeAVector() throws {
        let folder = try Folder()
        let expected = try folder.encoder().embeddings(of: Self.texts, workers: .caller)
        for threads in [2, 3] {
            let workers = WorkerPool(threads: threads)
            #expect(try folder.encoder(workers).embeddings(of: Self.texts, workers: workers) == expected)
        }
        let alone = try folder.encoder().embeddings(of: [Self.texts[33]], workers: .caller)
        #expect(alone == [expected[33]])
    }

    /// In a process of its own, as the limit is that of a process.
    @Test func theNarrowestVectorsGiveTheSame() async {
        await #expect(processExitsWith: .success) {
            let folder = try Folder()
            let texts = SentenceEncoderTests.texts
            let expected = try folder.encoder().embeddings(of: texts, workers: .caller)
            decant_limit_vectors(decant_vectors_avx2)
            #expect(try folder.encoder().embeddings(of: texts, workers: .caller) == expected)
        }
    }

    @Test func aRunGoesOnFromAnother() throws {
        let encoder = try Folder().encoder()
        let kept = Mutex<[Int: SentenceEmbedding]>([:])
        let whole = try encoder.embeddings(
            of: Self.texts, workers: .caller,
            checkpoint: ResultCheckpoint { range, vectors in
                kept.withLock { kept in for (at, vector) in zip(range, vectors) { kept[at] = vector } }
            })
        let half = kept.withLock { $0.filter { $0.key < 32 } }
        let made = Mutex(0)
        let resumed = try encoder.embeddings(
            of: Self.texts, workers: .caller,
            checkpoint: ResultCheckpoint(done: half) { range, _ in made.withLock { $0 += range.count } })
        #expect(resumed == whole)
        #expect(made.withLock { $0 } == 38)
    }

    @Test func aPrefixAndUnusedTensorsAreFine() throws {
        let expected = try Folder().encoder().embeddings(of: ["turn on"], workers: .caller)
        let unused = [
            "bert.pooler.dense.bias": StoredTensor([Float(1)], shape: [1]),
            "cls.seq.bias": StoredTensor([Float(1)], shape: [1]),
        ]
        #expect(try Folder(prefix: "bert.", extra: unused).encoder().embeddings(of: ["turn on"], workers: .caller) == expected)
        #expect(
            throws: ModelFileError(
                file: "model.safetensors", reason: "it holds the tensor 'adapter', which no bert model of this config.json has")
        ) {
            try Folder(extra: ["adapter": StoredTensor([Float(1)], shape: [1])]).encoder()
        }
    }

    @Test func sequencesAreCutWhereTheFolderSays() throws {
        let folder = try Folder()
        #expect(try folder.encoder().sequenceLimit == 20)
        try folder.write(#"{"max_seq_length": 5}"#, "sentence_bert_config.json")
        #expect(try folder.encoder().sequenceLimit == 5)
        let vectors = try folder.encoder().embeddings(of: ["turn on the light", "turn on the songs play"], workers: .caller)
        #expect(vectors[0] == vectors[1])
        try folder.write(#"{"max_seq_length": 2}"#, "sentence_bert_config.json")
        #expect(throws: ModelFileError.self) { try folder.encoder() }
    }

    @Test(arguments: [
        ("config.json", #""hidden_act":"gelu""#, #""hidden_act":"gelu_new""#, #"must be gelu, not "gelu_new""#),
        ("config.json", #""model_type":"bert""#, #""model_type":"roberta""#, #"must be bert, not "roberta""#),
        ("config.json", #""is_decoder":false"#, #""is_decoder":true"#, "is not supported"),
        ("config.json", #""num_attention_heads":3"#, #""num_attention_heads":5"#, "5 does not divide the hidden size 24"),
        (
            "config.json", #""hidden_size":24"#, #""hidden_size":16383"#,
            "has shape [21, 24] where config.json asks for [21, 16383]"
        ),
        (
            "config.json", #""num_hidden_layers":2"#, #""num_hidden_layers":1000"#,
            "there is no tensor 'encoder.layer.2.attention"
        ),
        ("config.json", #""vocab_size":21"#, #""vocab_size":20"#, "vocab_size is 20, but the tokenizer has the token 20"),
        ("config.json", #""layer_norm_eps":1e-12"#, #""layer_norm_eps":0"#, "must be between 0 and 1"),
    ])
    func whatIsNotComputedIsRefused(file: String, old: String, new: String, reason: String) throws {
        let folder = try Folder()
        let text = try String(contentsOf: folder.url.appending(path: file), encoding: .utf8)
        let changed = text.replacing(old, with: new)
        try #require(changed != text)
        try folder.write(
            new.contains("16383") ? changed.replacing(#""num_attention_heads":3"#, with: #""num_attention_heads":1"#) : changed,
            file)
        #expect { try folder.encoder() } throws: { "\($0)".contains(reason) }
    }

    @Test func otherPoolingIsRefused() throws {
        let folder = try Folder()
        try folder.write(#"{"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":false}"#, "1_Pooling/config.json")
        try folder.write(#"[{"type":"sentence_transformers.models.Transformer"},{"type":"x.Pooling"}]"#, "modules.json")
        #expect(throws: Never.self) { try folder.encoder() }
        try folder.write(#"{"pooling_mode_mean_tokens":false,"pooling_mode_cls_token":true}"#, "1_Pooling/config.json")
        #expect { try folder.encoder() } throws: { "\($0)".contains("pooling_mode_cls_token is true; the mean") }
        try folder.write(#"[{"type":"sentence_transformers.models.Dense"}]"#, "modules.json")
        #expect { try folder.encoder() } throws: { "\($0)".contains("the module 'sentence_transformers.models.Dense'") }
    }

    @Test func kernelsAgreeWithTheirFormulas() {
        var x = (-2400...2400).map { Float($0) * 0.0031 }
        let expected = x.map { Double($0) * 0.5 * (1 + Foundation.erf(Double($0) / 2.0.squareRoot())) }
        decant_gelu(&x, x.count)
        for (found, expected) in zip(x, expected) { #expect(abs(Double(found) - expected) <= 1e-6) }
        for count in [1, 7, 8, 24, 37] {
            let row = (0..<count).map { Float(($0 * 37) % 23) * 0.3 - 2 }
            let (weight, bias) = ((0..<count).map { Float($0) * 0.1 + 0.5 }, (0..<count).map { Float($0) * -0.2 })
            var y = [Float](repeating: 0, count: count)
            decant_layernorm(row, weight, bias, &y, 1, count, 1e-12)
            let mean = row.reduce(0.0) { $0 + Double($1) } / Double(count)
            let variance = row.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)
            for place in 0..<count {
                let wanted =
                    (Double(row[place]) - mean) / (variance + 1e-12).squareRoot() * Double(weight[place]) + Double(bias[place])
                #expect(abs(Double(y[place]) - wanted) <= 1e-5)
            }
        }
    }
}
