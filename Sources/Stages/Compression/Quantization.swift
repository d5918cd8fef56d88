import CanonicalJSON
import Engine
import Kinds

extension QuantApply: RunnableStage {
    private static let report = File<JSON>("quantization.json")
    package static let artifact: [Output] = [.model, .figures(report)]

    package func run(in context: StageContext) throws {
        if let precision = GGUFPrecision(rawValue: scheme.rawValue) { return try run(precision, in: context) }
        let configuration = try context.read(ModelFiles.configuration, from: "model")
        let quantization = ModelQuantization(
            try engineScheme, rounding, smoothing: smoothing.map(SmoothQuant.init(strength:)), ignoring: ignore,
            workers: context.workers)
        let quantized = try quantization.quantize(
            WeightFiles(folder: context.input("model")).tensors(), configuration: configuration,
            calibration: calibration(configuration, in: context)
        ) { done, total in context.report(.init(done: done, total: total, unit: "module")) }

        try SafeTensors.write(quantized.tensors, to: context.output(ModelFiles.weights))
        try context.write(quantized.configuration, to: ModelFiles.configuration)
        try context.write(report(quantized.report), to: Self.report)
        try context.copyTokenizer(from: "model", required: [])
    }

    /// Writes a model for llama.cpp.
    private func run(_ precision: GGUFPrecision, in context: StageContext) throws {
        let configuration = try context.read(ModelFiles.configuration, from: "model")
        let report = try ModelFolder(context.output("")).quantize(
            context.modelFolder("model"), to: precision, importance: statistics(configuration, in: context),
            workers: context.workers)
        try context.write(self.report(report), to: Self.report)
        try context.copyTokenizer(from: "model", required: [])
    }

    private var engineScheme: QuantizationScheme {
        get throws {
            switch scheme {
            case .w8a16, .w4a16: .weights(try IntegerQuantization(bits: scheme.bits, groupSize: groupSize))
            case .w8a8Int8: .int8
            case .w8a8Float8: .float8
            case .q4_K_M, .q5_K_M, .q6_K: throw StageFailure("the scheme \(scheme.rawValue) is not of compressed-tensors")
            }
        }
    }

    private var rounding: WeightRounding {
        switch method {
        case .roundToNearest, .smoothQuant, .importance: .nearest
        case .gptq: .gptq(damping: damping ?? 0.01, activationOrder: activationOrder ?? true)
        case .quantEase: .quantEase(damping: damping ?? 0.01, iterations: iterations ?? 20)
        }
    }

    private func calibration(_ configuration: JSON, in context: StageContext) throws -> ModelQuantization.Calibration {
        if let prefix {
            let sequences = try context.calibrationSequences(
                samples: prefix.samples, set: prefix.set, prompt: prefix.prompt, length: prefix.length)
            return .sequences(sequences, try context.inferenceModel("model"))
        }
        return try statistics(configuration, in: context).map { .statistics($0) } ?? .none
    }

    /// The statistics of the model's inputs; `nil` for a method that needs none.
    private func statistics(_ configuration: JSON, in context: StageContext) throws -> CalibrationStatistics? {
        if context.hasInput("statistics") {
            return try CalibrationStatistics(
                reading: context.input("statistics", QuantCalibrate.statistics),
                for: ModelConfiguration(json: configuration))
        }
        guard method == .roundToNearest else {
            throw StageFailure("the method \(method.rawValue) needs the input 'statistics', of quant.calibrate")
        }
        return nil
    }

    private func report(_ report: QuantizationReport) -> JSON {
        var members = report.json.object ?? [:]
        members["scheme"] = .string(scheme.rawValue)
        members["method"] = .string(method.rawValue)
        return .object(members)
    }
}

extension QuantCalibrate: RunnableStage {
    fileprivate static let statistics = "statistics.safetensors"
    package static let artifact: [Output] = [.named(statistics)]

    package func run(in context: StageContext) throws {
        let sequences = try context.calibrationSequences(samples: samples, set: set, prompt: prompt, length: length)
        let model = try context.inferenceModel("model")
        try CalibrationStatistics.write(
            of: model, on: sequences, to: context.output(Self.statistics), workers: context.workers
        ) { done in
            context.report(.init(done: done, total: model.model.configuration.layerCount, unit: "layer"))
        }
    }
}
