import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// What is learned of linear modules' inputs, and what becomes of a model by it.
struct CalibrationTests {
    private let sequences = Fixture.examples(30).map(\.tokens)

    private func write(_ model: Model, threads: Int, _ body: (URL) throws -> Void) throws {
        let file = URL.temporaryDirectory.appending(path: "statistics-\(UUID().uuidString).safetensors")
        defer { try? FileManager.default.removeItem(at: file) }
        try CalibrationStatistics.write(
            of: InferenceModel(model), on: sequences, to: file, workers: WorkerPool(threads: threads))
        try body(file)
    }

    @Test func theFirstInputHasTheStatisticsOfNormalizedEmbeddings() throws {
        let model = try Fixture.model()
        let width = model.configuration.hiddenSize
        let embedding = try Array(model.weights(of: #require(model.parameter(named: "model.embed_tokens.weight"))))
        let norm = try Array(
            model.weights(of: #require(model.parameter(named: "model.layers.0.input_layernorm.weight"))))
        var products = [Double](repeating: 0, count: width * width)
        var ranges = [Double](repeating: 0, count: width)
        for token in sequences.joined() {
            let row = embedding[Int(token) * width..<(Int(token) + 1) * width].map(Double.init)
            let mean = row.reduce(0) { $0 + $1 * $1 } / Double(width)
            let x = zip(row, norm).map { $0 / (mean + model.configuration.normEpsilon).squareRoot() * Double($1) }
            for i in 0..<width {
                ranges[i] = max(ranges[i], abs(x[i]))
                for j in 0..<width { products[i * width + j] += x[i] * x[j] }
            }
        }
        try write(model, threads: 2) { file in
            let read = try CalibrationStatistics(reading: file, for: model.configuration)
            #expect(read.tokenCount == sequences.joined().count)
            let statistics = try read.statistics(of: .attention, layer: 0)
            for i in 0..<width {
                for j in 0..<width {
                    let size = (products[i * width + i] * products[j * width + j]).squareRoot()
                    #expect(abs(statistics.products[i * width + j] - products[i * width + j]) < 2e-6 * size)
                }
            }
            for (value, expected) in zip(statistics.ranges, ranges) { #expect(abs(Double(value) - expected) < 1e-5) }
        }
    }

    @Test func threadsDoNotChangeTheFile() throws {
        let model = try Fixture.model(layers: 3)
        var files: [Data] = []
        for threads in [1, 2, 3] { try write(model, threads: threads) { files.append(try Data(contentsOf: $0)) } }
        #expect(files[0] == files[1] && files[0] == files[2])
    }

    @Test func statisticsOfAnotherModelAndMissingRowsAreRefused() throws {
        let model = try Fixture.model()
        let larger = try Fixture.configuration(layers: 3)
        try write(model, threads: 1) { file in
            #expect(throws: ModelFileError.self) { try CalibrationStatistics(reading: file, for: larger) }
        }
        #expect(throws: GenerationError.self) {
            try CalibrationPass(InferenceModel(model), [], workers: WorkerPool(threads: 1))
        }
    }

    @Test func inputsBehindQuantizedLayersComeFromTheQuantizedModel() throws {
        let workers = WorkerPool(threads: 2)
        var model = try Fixture.model(layers: 2)
        let prefix = try QuantizedPrefix(InferenceModel(model), sequences, workers: workers)
        let before = try CalibrationPass(InferenceModel(model), sequences, workers: workers).statistics(
            of: .attention, layer: 0)
        #expect(prefix.statistics(of: .attention, layer: 0) == before)
        for name in ["model.layers.0.self_attn.v_proj.weight", "model.layers.0.mlp.down_proj.weight"] {
            let parameter = try #require(model.parameter(named: name))
            let weights = model.weights(of: parameter).map { ($0 * 8).rounded() / 8 }
            try model.setWeights(weights, of: parameter)
            prefix.replace(name, with: weights)
        }
        let pass = try CalibrationPass(InferenceModel(model), sequences, workers: workers)
        #expect(prefix.statistics(of: .output, layer: 0) == pass.statistics(of: .output, layer: 0))
        for half in LayerHalf.allCases { pass.advance(through: half, ofLayer: 0) }
        pass.advance(through: .attention, ofLayer: 1)
        #expect(prefix.statistics(of: .feedForward, layer: 1) == pass.statistics(of: .feedForward, layer: 1))
    }

    /// Of the modules that are quantized, in the order of a report.
    private func names(of model: Model) -> [String] {
        model.parameters.map(\.name).filter { $0.hasSuffix("_proj.weight") }.map { String($0.dropLast(".weight".count)) }
            .sorted()
    }

    private func tensors(of model: Model) -> [String: StoredTensor] {
        Dictionary(
            uniqueKeysWithValues: model.parameters.map {
                ($0.name, StoredTensor(Array(model.weights(of: $0)), shape: $0.shape))
            })
    }

    @Test(arguments: ModelFamily.all)
    func aBetterMethodReconstructsBetterAndEveryLayerIsReported(family: ModelFamily) throws {
        let model = try Fixture.model(family: family)
        let workers = WorkerPool(threads: 2)
        let scheme = QuantizationScheme.weights(try IntegerQuantization(bits: 4, groupSize: 8))
        try write(model, threads: 2) { file in
            let statistics = try CalibrationStatistics(reading: file, for: model.configuration)
            func errors(_ rounding: WeightRounding, _ calibration: ModelQuantization.Calibration) throws -> [Double] {
                let result = try ModelQuantization(scheme, rounding, workers: workers)
                    .quantize(tensors(of: model), configuration: model.configuration.json, calibration: calibration)
                #expect(result.report.layers.count == (family == .phi3 ? 8 : 14))
                return result.report.layers.compactMap(\.reconstructionError)
            }
            func mean(_ errors: [Double]) -> Double { errors.reduce(0, +) / Double(errors.count) }
            let nearest = try errors(.nearest, .statistics(statistics))
            let gptq = try errors(.gptq(damping: 0.01, activationOrder: false), .statistics(statistics))
            let ordered = try errors(.gptq(damping: 0.01, activationOrder: true), .statistics(statistics))
            let quantEase = try errors(.quantEase(damping: 0.01, iterations: 10), .statistics(statistics))
            // Norms around one leave less to gain.
            let limit = (family == .gemma3 ? 0.9 : 0.8) * mean(nearest)
            #expect(mean(gptq) < limit && mean(ordered) < limit)
            #expect(mean(quantEase) < mean(gptq))
            let live = try errors(.gptq(damping: 0.01, activationOrder: false), .sequences(sequences, InferenceModel(model)))
            // The first input is the same either way, but for the file's float32; later ones are not.
            let first = ["k", "q", "v", "qkv"].map { "model.layers.0.self_attn.\($0)_proj" }
            for place in names(of: model).indices where first.contains(names(of: model)[place]) {
                #expect(abs(live[place] - gptq[place]) < 1e-3 * gptq[place])
            }
            #expect(zip(live, gptq).contains { $0 != $1 } && mean(live) < limit)
            #expect(try errors(.nearest, .none).isEmpty)
            #expect(throws: QuantizationError.self) { try errors(.gptq(damping: 0.01, activationOrder: false), .none) }
        }
    }

    /// Query heads that read one key/value head have its scales: those of the largest range and the largest weight among them.
    private func expectOneScaleForHeadsThatShare(
        of model: Model, _ divisors: SmoothQuant.Divisors, _ statistics: CalibrationStatistics
    ) throws {
        let configuration = model.configuration
        let (size, shared) = (configuration.headDimension, configuration.headCount / configuration.keyValueHeadCount)
        #expect(shared == 2)
        let output = model.weights(of: try #require(model.parameter(named: "model.layers.0.self_attn.o_proj.weight")))
        let ranges = try statistics.ranges(of: .output, layer: 0)
        let scales = try #require(divisors[LinearPlace(layer: 0, input: .output)])
        for (input, scale) in scales.enumerated() {
            let head = input / size / shared * shared
            let inputs = [head * size + input % size, (head + 1) * size + input % size]
            let range = inputs.map { ranges[$0] }.max() ?? 0
            let reach = inputs.flatMap { input in
                stride(from: input, to: output.count, by: scales.count).map { abs(output[$0]) }
            }
            let expected = (range / (reach.max() ?? 0)).squareRoot()
            #expect(abs(scale - expected) < 1e-5 * expected)
        }
    }

    @Test(arguments: ModelFamily.all)
    func smoothingKeepsLogitsMovesRangesAndNeedsAllModulesOfAnInput(family: ModelFamily) throws {
        let model = try Fixture.model(family: family)
        let workers = WorkerPool(threads: 2)
        try write(model, threads: 2) { file in
            let statistics = try CalibrationStatistics(reading: file, for: model.configuration)
            var smoothed = tensors(of: model)
            let divisors = try SmoothQuant(strength: 0.5).smooth(
                &smoothed, model.configuration, statistics, quantizing: Set(model.parameters.map(\.name)))
            // OLMo 2 has no norm that could take up a division before queries, keys and values, nor before gate and up.
            #expect(divisors.count == (family == .olmo2 ? 4 : 8))
            try expectOneScaleForHeadsThatShare(of: model, divisors, statistics)
            var changed = model
            for parameter in model.parameters {
                try changed.setWeights(#require(smoothed[parameter.name]?.floats()), of: parameter)
            }
            let examples = Fixture.examples(4)
            let before = try InferenceModel(model).captureLogits(examples, k: 37, workers: workers)
            let after = try InferenceModel(changed).captureLogits(examples, k: 37, workers: workers)
            for (left, right) in zip(before, after) {
                for (x, y) in zip(left.topLogits, right.topLogits) { #expect(abs(x - y) < 1e-3 * max(1, abs(x))) }
            }
            // What the smoothed model gives its modules is what it gave them, divided.
            let statisticsOfChanged = try CalibrationPass(InferenceModel(changed), sequences, workers: workers)
                .statistics(advancingThrough: 0)
            for input in LinearInput.allCases {
                let ranges = try statistics.ranges(of: input, layer: 0)
                guard let scales = divisors[LinearPlace(layer: 0, input: input)] else { continue }
                let actual = try #require(statisticsOfChanged[input]).ranges
                for index in ranges.indices {
                    #expect(abs(actual[index] - ranges[index] / scales[index]) < 1e-3 * max(1, actual[index]))
                }
            }
            var untouched = tensors(of: model)
            let none = try SmoothQuant(strength: 0.5).smooth(&untouched, model.configuration, statistics, quantizing: [])
            #expect(none.isEmpty && untouched == tensors(of: model))
        }
    }

    @Test func smoothingBringsINT8CloserToFloatWithLargeInputs() throws {
        var model = try Fixture.model()
        let norm = try #require(model.parameter(named: "model.layers.0.post_attention_layernorm.weight"))
        var weights = Array(model.weights(of: norm))
        weights[3] *= 60
        try model.setWeights(weights, of: norm)
        for name in ["gate_proj", "up_proj"] {
            let parameter = try #require(model.parameter(named: "model.layers.0.mlp.\(name).weight"))
            var weights = Array(model.weights(of: parameter))
            for row in 0..<parameter.shape[0] { weights[row * parameter.shape[1] + 3] /= 60 }
            try model.setWeights(weights, of: parameter)
        }
        let workers = WorkerPool(threads: 2)
        let examples = Fixture.examples(20)
        let exact = try InferenceModel(model).captureLogits(examples, k: 37, workers: workers)
        try write(model, threads: 2) { file in
            let statistics = try CalibrationStatistics(reading: file, for: model.configuration)
            func divergence(_ smoothing: SmoothQuant?) throws -> Float {
                let result = try ModelQuantization(.int8, smoothing: smoothing, workers: workers).quantize(
                    tensors(of: model), configuration: model.configuration.json, calibration: .statistics(statistics))
                let file = try SafeTensors(parsing: SafeTensors.serialize(result.tensors))
                let files = WeightFiles(file)
                var packed: [String: any WeightPanels] = [:]
                try files.forEachPackedMatrix(configuration: result.configuration) { packed[$0] = $1.panels() }
                let rounded = try InferenceModel(
                    files.model(model.configuration, packed: Set(packed.keys)), packed: packed)
                let logits = try rounded.captureLogits(examples, k: 37, workers: workers)
                return zip(exact, logits).reduce(0) { sum, rows in
                    sum + zip(rows.0.topLogits, rows.1.topLogits).reduce(0) { $0 + abs($1.0 - $1.1) }
                }
            }
            let (plain, smooth) = try (divergence(nil), divergence(SmoothQuant(strength: 0.5)))
            #expect(smooth < 0.7 * plain)
        }
    }
}
