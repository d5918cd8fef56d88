import Foundation
import Testing

@testable import Engine

struct AdapterTests {
    private static let adaptation = LowRankAdaptation(rank: 3, alpha: 6)

    /// Adapters whose factors are both large enough to matter.
    private static func adapters(
        for model: Model, _ adaptation: LowRankAdaptation = adaptation
    ) throws -> LowRankAdapters {
        var adapters = try LowRankAdapters(adaptation, for: model, seed: 4)
        adapters.values = randomFloats(adapters.values.count, seed: 70, scale: 0.2)
        return adapters
    }

    private static func options(steps: Int, _ adaptation: LowRankAdaptation = adaptation) -> TrainingOptions {
        var options = TrainingOptions(steps: steps, batch: 8, learningRate: 2e-2, optimizer: .muon, weightDecay: 0.01, seed: 9)
        options.adaptation = adaptation
        return options
    }

    private func gradient(of model: Model, adapters: LowRankAdapters?) -> [Float] {
        let values = adapters.map { FloatBuffer($0.values) }
        let pass = GradientPass(
            parameterCount: adapters?.values.count ?? model.parameterCount,
            adapters: adapters.flatMap { adapters in
                values.map { Gradients.Adapters(layout: adapters.layout, values: $0) }
            }, keeping: .everything)
        let decoder = Decoder(model.layout, weights: model.values.buffer.copy(), positions: 64, workers: .caller)
        return withExtendedLifetime((pass, decoder)) {
            let examples = Fixture.examples(5)
            _ = pass.run(Array(examples[..<3]), decoder: decoder, loss: .crossEntropy, scale: 1, .replacing)
            _ = pass.run(Array(examples[3...]), decoder: decoder, loss: .crossEntropy, scale: 1, .adding)
            return pass.gradient.values
        }
    }

    /// dA = s·Bᵀ·dW and dB = s·dW·Aᵀ, where dW is the gradient of the merged matrix.
    @Test(arguments: ModelFamily.all)
    func factorGradientsFollowFromTheMergedMatrices(family: ModelFamily) throws {
        let model = try Fixture.model(tied: family != .qwen2, family: family)
        let adapters = try Self.adapters(for: model)
        let merged = try adapters.merged(into: model, workers: .caller)
        let full = gradient(of: merged, adapters: nil)
        let found = gradient(of: merged, adapters: adapters)
        let scale = 2.0
        #expect(adapters.layout.pairs.count == 2 * (family == .phi3 ? 4 : 7))
        for pair in adapters.layout.pairs {
            let (rows, columns, rank) = (pair.matrix.shape[0], pair.matrix.shape[1], 3)
            var a = [Double](repeating: 0, count: rank * columns)
            var b = [Double](repeating: 0, count: rows * rank)
            for row in 0..<rows {
                for column in 0..<columns {
                    let slope = scale * Double(full[pair.matrix.offset + row * columns + column])
                    for place in 0..<rank {
                        a[place * columns + column] += slope * Double(adapters.values[pair.b.offset + row * rank + place])
                        b[row * rank + place] += slope * Double(adapters.values[pair.a.offset + place * columns + column])
                    }
                }
            }
            for (expected, factor) in [(a, pair.a), (b, pair.b)] {
                let size = expected.map(abs).max() ?? 0
                let error = zip(expected, found[factor.range]).map { abs($0 - Double($1)) }.max() ?? 1
                #expect(size > 0 && error <= 1e-4 * size, "\(factor.name): \(error) of \(size)")
            }
        }
    }

    @Test func newAdaptersChangeNothingAndOtherMatricesNeverChange() throws {
        let model = try Fixture.model()
        let some = LowRankAdaptation(rank: 2, alpha: 4, targets: [.value, .query])
        #expect(some.targets == [.query, .value])
        let adapters = try LowRankAdapters(some, for: model, seed: 1)
        #expect(
            adapters.layout.parameters.map(\.name).prefix(2) == [
                "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
                "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
            ])
        #expect(try adapters.merged(into: model, workers: .caller).values == model.values)
        let trainer = try Trainer(
            model, on: Fixture.examples(20), options: Self.options(steps: 5, some), workers: .caller)
        let trained = trainer.run { _ in }
        for parameter in model.parameters {
            let isTarget = ["q_proj.weight", "v_proj.weight"].contains { parameter.name.hasSuffix($0) }
            #expect((trained.weights(of: parameter) == model.weights(of: parameter)) != isTarget, "\(parameter.name)")
        }
    }

    @Test func trainingLowersTheLossAndGivesTheModelWithAdaptersAdded() throws {
        let model = try Fixture.model(scale: 0.1)
        let trainer = try Trainer(model, on: Fixture.examples(20), options: Self.options(steps: 60), workers: .caller)
        var losses: [Double] = []
        let trained = trainer.run { losses.append($0.loss) }
        #expect(losses[59] < 0.7 * losses[0], "\(losses[0]) to \(losses[59])")
        let adapters = try #require(trainer.learner.adapters)
        #expect(try adapters.merged(into: model, workers: WorkerPool(threads: 2)).values == trained.values)
    }

    @Test func bitsAreEqualAtAnyThreadCountAndAfterResuming() throws {
        let model = try Fixture.model()
        func trainer(threads: Int) throws -> Trainer {
            try Trainer(
                model, on: Fixture.examples(20), options: Self.options(steps: 8), workers: WorkerPool(threads: threads))
        }
        let whole = try trainer(threads: 1)
        var half: LearnerState?
        _ = whole.run { if $0.step == 3 { half = whole.learner.state } }
        let other = try trainer(threads: 2)
        try other.learner.restore(try #require(half))
        #expect(other.run { _ in }.values.map(\.bitPattern) == whole.model.values.map(\.bitPattern))
        #expect(other.learner.adapters?.values.map(\.bitPattern) == whole.learner.adapters?.values.map(\.bitPattern))
    }

    // MARK: Files

    private static func folder() throws -> AdapterFolder {
        let url = URL.temporaryDirectory.appending(path: "decant-adapters-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return AdapterFolder(url)
    }

    @Test func aFolderGivesBackWhatWasWritten() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder.url) }
        let model = try Fixture.model()
        let written = try Self.adapters(for: model, LowRankAdaptation(rank: 5, alpha: 2.5, targets: [.down, .key]))
        try folder.write(written)
        let read = try folder.adapters(for: model)
        #expect(read.adaptation == written.adaptation)
        #expect(read.values == written.values)
    }

    @Test(
        arguments: [
            ("\"r\": 3", "\"r\": 4", "shape"), ("\"r\": 3", "\"r\": 0", "rank"), ("\"LORA\"", "\"IA3\"", "rank"),
            ("\"q_proj\"", "\"lm_head\"", "lm_head"), ("\"q_proj\",", "", "q_proj"), ("\"none\"", "\"all\"", "biases"),
            ("\"r\": 3", "\"r\": 3, \"use_dora\": true", "of their own"), ("{", "[", "JSON"),
        ])
    func aFolderThatDoesNotFitIsRefused(old: String, new: String, reason: String) throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder.url) }
        let model = try Fixture.model()
        try folder.write(try Self.adapters(for: model))
        let file = folder.url.appending(path: "adapter_config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.contains(old))
        try Data(text.replacing(old, with: new, maxReplacements: 1).utf8).write(to: file)
        let error = #expect(throws: ModelFileError.self) { try folder.adapters(for: model) }
        #expect("\(String(describing: error))".contains(reason) || reason == "JSON", "\(String(describing: error))")
    }

    /// Ranks and alphas of single matrices, alpha / √rank, rows with lengths: `scripts/reference/adapter_reference.py` writes
    /// what peft merges.
    @Test(arguments: ["patterns", "root", "lengths"]) func adaptersAreMergedAsInPeft(name: String) throws {
        func values(_ count: Int, _ index: Int, _ shift: Double = 0) -> [Float] {
            (0..<count).map { Float((Double((7919 * $0 + 104_729 * index) % 2003) / 2003 - 0.5) * 0.4 + shift) }
        }
        let reference = try #require(try referenceFile("adapters.json")[name])
        var model = Model(zeros: try Fixture.configuration())
        for (index, parameter) in model.parameters.enumerated() {
            try model.setWeights(values(parameter.count, index, parameter.role == .norm ? 1 : 0), of: parameter)
        }
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder.url) }
        var tensors: [String: StoredTensor] = [:]
        for (name, factor) in try #require(reference["factors"]?.object) {
            let shape = try #require(factor["shape"]?.array).compactMap(\.integer)
            let shift: Double = name.hasSuffix("magnitude_vector") ? 2 : 0
            tensors[name] = StoredTensor(
                values(shape.reduce(1, *), try #require(factor["index"]?.integer), shift), shape: shape)
        }
        try SafeTensors.write(tensors, to: folder.url.appending(path: "adapter_model.safetensors"))
        let configuration = try #require(reference["config"])
        try Data(configuration.prettyText.utf8).write(to: folder.url.appending(path: "adapter_config.json"))
        let merged = try folder.merged(into: model, workers: .caller)
        for parameter in merged.parameters {
            let expected = try #require(reference["merged"]?[parameter.name])
            let weights = merged.weights(of: parameter)
            let places = try #require(expected["places"]?.array).compactMap(\.integer)
            for (place, value) in zip(places, try #require(expected["values"]?.array).compactMap(\.double)) {
                #expect(abs(Double(weights[place]) - value) < 2e-6, "\(parameter.name) at \(place)")
            }
        }
        #expect(throws: ModelFileError.self) { try folder.adapters(for: model) }
    }

    /// The bits of a merge of Decant's own adapters.
    @Test func aFolderIsMergedAsItsAdaptersAre() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder.url) }
        let model = try Fixture.model()
        let adapters = try Self.adapters(for: model)
        try folder.write(adapters)
        let merged = try folder.merged(into: model, workers: WorkerPool(threads: 2))
        #expect(try merged.values == adapters.merged(into: model, workers: .caller).values)
    }

    @Test(
        arguments: [
            (#""init_lora_weights": "pissa""#, "init_lora_weights"), (#""init_lora_weights": "olora""#, "init_lora_weights"),
            (#""alpha_pattern": {".*q_proj": 4}"#, "alpha_pattern"), (#""rank_pattern": {"q_proj": 7}"#, "shape"),
            (#""alpha_pattern": {"q_proj": 4, "self_attn.q_proj": 5}"#, "two numbers"),
            (#""modules_to_save": ["lm_head"]"#, "modules_to_save"), (#""layer_replication": [[0, 1]]"#, "layer_replication"),
        ])
    func whatPeftDoesOtherwiseIsRefusedByName(field: String, reason: String) throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder.url) }
        let model = try Fixture.model()
        try folder.write(try Self.adapters(for: model))
        let file = folder.url.appending(path: "adapter_config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing("{", with: "{" + field + ",", maxReplacements: 1).utf8).write(to: file)
        let error = #expect(throws: ModelFileError.self) { try folder.merged(into: model, workers: .caller) }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func adaptersOfAnotherModelAreRefused() throws {
        let adapters = try Self.adapters(for: try Fixture.model())
        let other = try Fixture.model(layers: 3)
        #expect(throws: TrainingError.self) { try adapters.merged(into: other, workers: .caller) }
        #expect(throws: TrainingError.self) { try LowRankAdapters(LowRankAdaptation(rank: 0, alpha: 1), for: other, seed: 1) }
        #expect(throws: TrainingError.self) {
            try LowRankAdapters(LowRankAdaptation(rank: 1, alpha: 1, targets: []), for: other, seed: 1)
        }
        // Queries, keys and values of Phi-3 are one matrix.
        let phi = try Fixture.model(family: .phi3)
        let queries = LowRankAdaptation(rank: 2, alpha: 1, targets: [.query])
        #expect(throws: TrainingError.self) { try LowRankAdapters(queries, for: phi, seed: 1) }
        let all = LowRankAdaptation(rank: 2, alpha: 1, targets: [.query, .key, .value, .down])
        #expect(try LowRankAdapters(all, for: phi, seed: 1).layout.modules == ["qkv_proj", "down_proj"])
    }
}
