import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// The stages that need only a model's files: quantization and cost.
@Suite struct FormatStagesTests {
    private let temporary = TemporaryFolder()
    var root: URL { temporary.url }
    var context: StageContext {
        StageContext(inputs: root.appending(path: "in"), outputs: root.appending(path: "out"), threads: 1) { _ in }
    }

    init() throws {
        for folder in ["in/model", "in/answers", "out"] {
            try FileManager.default.createDirectory(at: root.appending(path: folder), withIntermediateDirectories: true)
        }
    }

    private func remove() { try? FileManager.default.removeItem(at: root) }

    static let configuration: JSON = [
        "model_type": "qwen2", "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
        "intermediate_size": 16, "vocab_size": 10, "tie_word_embeddings": true,
    ]

    private func writeModel() throws {
        let weights = (0..<128).map { (index: Int) -> Float in Float(index * 37 % 64 - 31) / 64 }
        let tensors: [String: StoredTensor] = [
            "model.embed_tokens.weight": StoredTensor(Array(weights[..<80]), shape: [10, 8]),
            "model.layers.0.mlp.down_proj.weight": StoredTensor(weights, shape: [8, 16]),
        ]
        try SafeTensors.write(tensors, to: context.input("model", "model.safetensors"))
        try Data(Self.configuration.prettyText.utf8).write(to: context.input("model", "config.json"))
        try Data("{}\n".utf8).write(to: context.input("model", "tokenizer.json"))
    }

    /// Change a digest only together with the kind's revision.
    @Test(arguments: [
        (QuantScheme.w4a16, "e4b71508d7837473f6048e0c1bb9f84fc4e1a29c3bb109684c28297179bbe3ed"),
        (QuantScheme.w8a16, "9144c337afd1cbe4075e4c16cbf0833e8d4a9bcd4aa882fa975259de477ed164"),
    ])
    func quantizationGivesTheseBytes(scheme: QuantScheme, digest: String) throws {
        defer { remove() }
        try writeModel()
        try QuantApply(scheme: scheme, method: .roundToNearest, groupSize: 8, ignore: ["lm_head"]).run(in: context)
        let files = ["config.json", "model.safetensors", "quantization.json", "tokenizer.json"]
        #expect(try FileManager.default.contentsOfDirectory(atPath: context.output("").path).sorted() == files)
        let bytes = try files.map { try Data(contentsOf: context.output($0)) }.reduce(Data(), +)
        #expect(Digest(hashing: bytes).hex == digest)
        let report = try JSON(parsing: Data(contentsOf: context.output("quantization.json")))
        #expect(report["scheme"]?.string == scheme.rawValue)
        #expect(report["layers"]?[0]?["name"] == "model.layers.0.mlp.down_proj")
    }

    /// As a stage of the recipe's own may leave a model.
    @Test func aModelInShardsIsQuantizedAsOneInAFile() throws {
        defer { remove() }
        try writeModel()
        let stage = QuantApply(scheme: .w4a16, method: .roundToNearest, groupSize: 8, ignore: ["lm_head"])
        try stage.run(in: context)
        let expected = try Data(contentsOf: context.output("model.safetensors"))
        let whole = context.input("model", "model.safetensors")
        let tensors = try SafeTensors(reading: whole).allTensors()
        var places: [String: JSON] = [:]
        for (number, name) in tensors.keys.sorted().enumerated() {
            let file = "model-0000\(number + 1)-of-00002.safetensors"
            try SafeTensors.write(tensors.filter { $0.key == name }, to: context.input("model", file))
            places[name] = .string(file)
        }
        try FileManager.default.removeItem(at: whole)
        let index: JSON = ["metadata": [:], "weight_map": .object(places)]
        try Data(index.prettyText.utf8).write(to: context.input("model", "model.safetensors.index.json"))
        try stage.run(in: context)
        #expect(try Data(contentsOf: context.output("model.safetensors")) == expected)
    }

    @Test func aDamagedModelIsAnError() throws {
        defer { remove() }
        try writeModel()
        try Data("not safetensors".utf8).write(to: context.input("model", "model.safetensors"))
        #expect(throws: ModelFileError.self) {
            try QuantApply(scheme: .w8a16, method: .roundToNearest, groupSize: 8, ignore: []).run(in: context)
        }
    }

    @Test func costIsThatOfTheAnswers() throws {
        defer { remove() }
        try writeModel()
        let answers = """
            {"id":"a","prompt_tokens":3,"response_tokens":2}
            {"id":"b","prompt_tokens":1,"response_tokens":0}

            """
        try Data(answers.utf8).write(to: context.input("answers", "test.jsonl"))
        try EvalCost().run(in: context)
        // By hand in CostTests: 3 and 2 tokens cost 7296 and 5504, 1 and none 2368.
        let size = try Data(contentsOf: context.input("model", "model.safetensors")).count
        #expect(
            try JSON(parsing: Data(contentsOf: context.output("cost.json"))) == [
                "parameters": ["embedding": 80, "others": 1224, "total": 1304],
                "bytes": .integer(Int64(size)),
                "sets": [
                    "test": [
                        "answers": 2, "prompt_tokens": 2, "response_tokens": 1, "flops": 7584, "prefill_flops": 4832,
                        "decode_flops": 2752,
                    ]
                ],
            ])
    }

    /// By hand in CostTests: of three tokens the last costs 2496; two more cost 4800.
    @Test func aCachedPrefixIsApart() throws {
        defer { remove() }
        try writeModel()
        let answers = "{\"id\":\"a\",\"prompt_tokens\":3,\"response_tokens\":2}\n"
        try Data(answers.utf8).write(to: context.input("answers", "test.jsonl"))
        for count in [2, 9] {
            try EvalCost(cachedPrefix: .tokens(count)).run(in: context)
            #expect(
                try JSON(parsing: Data(contentsOf: context.output("cost.json")))["sets"]?["test"] == [
                    "answers": 1, "prompt_tokens": 3, "response_tokens": 2, "flops": 8000, "prefill_flops": 2496,
                    "decode_flops": 5504, "cached_tokens": 2, "cached_flops": 4800,
                ])
        }
    }

    @Test func anAnswerWithoutCountsIsNamed() throws {
        defer { remove() }
        try writeModel()
        try Data("{\"id\":\"a\"}\n".utf8).write(to: context.input("answers", "test.jsonl"))
        #expect {
            try EvalCost().run(in: context)
        } throws: {
            "\($0)" == "answers/test.jsonl, answer 1: there are no prompt_tokens and response_tokens"
        }
    }
}

/// Calibration rows between `prune.score` and `prune.apply`.
@Suite struct CalibrationSequencesTests {
    private func read(_ tensors: [String: StoredTensor]) throws -> [[Int32]] {
        let file = FileManager.default.temporaryDirectory.appending(path: "decant-sequences-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try SafeTensors.write(tensors, to: file)
        return try CalibrationSequences(SafeTensors(reading: file)).sequences
    }

    @Test func theyComeBackAsTheyWere() throws {
        let sequences: [[Int32]] = [[1, 2, 3], [4], [5, 6]]
        #expect(try read(CalibrationSequences(sequences).tensors) == sequences)
        #expect(try read(CalibrationSequences([]).tensors) == [])
    }

    @Test(arguments: [[3, 1], [3, 4], [3, 0, 3], [7], [-1, 7], [Int64.max, 6]])
    func lengthsThatDoNotFillTheTokensAreRefused(lengths: [Int64]) throws {
        #expect(throws: ModelFileError.self) {
            try read([
                "tokens": StoredTensor([1, 2, 3, 4, 5, 6] as [Int32], shape: [6]),
                "lengths": StoredTensor(lengths, shape: [lengths.count]),
            ])
        }
    }
}
