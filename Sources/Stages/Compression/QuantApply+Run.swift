import CanonicalJSON
import Engine
import Foundation
import Planner

extension QuantApply: RunnableStage {
    public var limitation: String? {
        if scheme == .w8a8 { return "the scheme W8A8 is not in this version yet" }
        return method == .roundToNearest ? nil : "quantization by \(method.rawValue) is not in this version yet"
    }

    public func run(in context: StageContext) throws {
        let quantization = try IntegerQuantization(bits: scheme.bits, groupSize: groupSize)
        let model = try SafeTensors(reading: context.input("model", "model.safetensors"))
        let quantized = try quantization.quantize(
            model: model.allTensors(), configuration: context.readJSON("model", "config.json"), ignoring: ignore)

        try SafeTensors.write(quantized.tensors, to: context.output("model.safetensors"))
        try context.write(quantized.configuration, to: "config.json")
        try context.write(report(quantized.report), to: "quantization.json")
        for file in ModelFolder.tokenizerFiles + ModelFolder.optionalTokenizerFiles
        where FileManager.default.fileExists(atPath: context.input("model", file).path) {
            try context.copy(file, from: "model")
        }
    }

    private func report(_ report: QuantizationReport) -> JSON {
        var members = report.json.object ?? [:]
        members["scheme"] = .string(scheme.rawValue)
        members["method"] = .string(method.rawValue)
        return .object(members)
    }
}
