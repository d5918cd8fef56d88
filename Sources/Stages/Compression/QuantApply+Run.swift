import CanonicalJSON
import Engine
import Foundation
import Kinds

extension QuantApply: RunnableStage {
    package func run(in context: StageContext) throws {
        let configuration = try context.readJSON("model", "config.json")
        let quantization = ModelQuantization(
            try engineScheme, rounding, smoothing: smoothing.map(SmoothQuant.init(strength:)), ignoring: ignore,
            workers: context.workers)
        let quantized = try quantization.quantize(
            WeightFiles(folder: context.input("model")).tensors(), configuration: configuration,
            calibration: calibration(configuration, in: context)
        ) { done, total in context.report(.init(done: done, total: total, unit: "module")) }

        try SafeTensors.write(quantized.tensors, to: context.output("model.safetensors"))
        try context.write(quantized.configuration, to: "config.json")
        try context.write(report(quantized.report), to: "quantization.json")
        for file in ModelFolder.tokenizerFiles + ModelFolder.optionalTokenizerFiles
        where FileManager.default.fileExists(atPath: context.input("model", file).path) {
            try context.copy(file, from: "model")
        }
    }

    private var engineScheme: QuantizationScheme {
        get throws {
            switch scheme {
            case .w8a16, .w4a16: .weights(try IntegerQuantization(bits: scheme.bits, groupSize: groupSize))
            case .w8a8Int8: .int8
            case .w8a8Float8: .float8
            }
        }
    }

    private var rounding: WeightRounding {
        switch method {
        case .roundToNearest, .smoothQuant: .nearest
        case .gptq: .gptq(damping: damping ?? 0.01, activationOrder: activationOrder ?? true)
        case .quantEase: .quantEase(damping: damping ?? 0.01, iterations: iterations ?? 20)
        }
    }

    private func calibration(_ configuration: JSON, in context: StageContext) throws -> ModelQuantization.Calibration {
        if let prefix {
            let sequences = try context.calibrationSequences(
                samples: prefix.samples, set: prefix.set, prompt: prefix.prompt)
            return .sequences(sequences, try context.inferenceModel("model"))
        }
        if context.hasInput("statistics") {
            return .statistics(
                try CalibrationStatistics(
                    reading: context.input("statistics", "statistics.safetensors"), for: ModelConfiguration(json: configuration)
                ))
        }
        guard method == .roundToNearest else {
            throw StageFailure("the method \(method.rawValue) needs the input 'statistics', of quant.calibrate")
        }
        return .none
    }

    private func report(_ report: QuantizationReport) -> JSON {
        var members = report.json.object ?? [:]
        members["scheme"] = .string(scheme.rawValue)
        members["method"] = .string(method.rawValue)
        return .object(members)
    }
}
