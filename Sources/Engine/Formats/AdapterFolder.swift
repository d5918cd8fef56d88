import CanonicalJSON
import Foundation

/// Low-rank adapters as the library `peft` stores them: `adapter_config.json` and `adapter_model.safetensors`.
package struct AdapterFolder: Sendable {
    package let url: URL

    static let configurationFile = "adapter_config.json"
    static let weightsFile = "adapter_model.safetensors"

    package init(_ url: URL) { self.url = url }

    package func write(_ adapters: LowRankAdapters) throws {
        let adaptation = adapters.adaptation
        let configuration: JSON = [
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": .null, "bias": "none",
            "fan_in_fan_out": false, "inference_mode": true, "lora_dropout": 0, "r": .integer(Int64(adaptation.rank)),
            "lora_alpha": .number(adaptation.alpha),
            "target_modules": .array(adaptation.targets.map { .string($0.rawValue) }),
        ]
        try Data(configuration.prettyText.utf8).write(to: url.appending(path: Self.configurationFile))
        var tensors: [String: StoredTensor] = [:]
        for factor in adapters.layout.parameters {
            tensors[factor.name] = StoredTensor(Array(adapters.values[factor.range]), shape: factor.shape)
        }
        try SafeTensors.write(tensors, to: url.appending(path: Self.weightsFile))
    }

    /// Reads adapters for a model.
    /// - Throws: `ModelFileError` for files that are damaged, that ask for what is not computed here, or whose tensors are not
    ///   those of the model's adapted matrices.
    package func adapters(for model: Model) throws -> LowRankAdapters {
        let layout = AdapterLayout(try adaptation(), model.parameters)
        let file = try SafeTensors(reading: url.appending(path: Self.weightsFile))
        let wanted = Set(layout.parameters.map(\.name))
        if let foreign = file.names.first(where: { !wanted.contains($0) }) {
            throw fault(Self.weightsFile, "the tensor '\(foreign)' belongs to no adapted matrix of the model")
        }
        var values = [Float](repeating: 0, count: layout.count)
        for factor in layout.parameters {
            guard try file.tensor(factor.name).shape == factor.shape else {
                throw fault(Self.weightsFile, "the tensor '\(factor.name)' is not of the shape \(factor.shape)")
            }
            values.replaceSubrange(factor.range, with: try file.floats(factor.name))
        }
        return LowRankAdapters(layout, values: values)
    }

    private func adaptation() throws(ModelFileError) -> LowRankAdaptation {
        let configuration = try ModelFolder(url).readJSON(Self.configurationFile)
        guard configuration["peft_type"]?.string == "LORA", let rank = configuration["r"]?.integer, (1...4096).contains(rank),
            let alpha = configuration["lora_alpha"]?.double, alpha > 0, let names = configuration["target_modules"]?.array
        else { throw fault(Self.configurationFile, "it does not describe adapters with a rank, an alpha and matrices") }
        let unsupported = ["use_rslora", "use_dora", "fan_in_fan_out"].first { configuration[$0]?.bool == true }
        if let unsupported { throw fault(Self.configurationFile, "'\(unsupported)' is not computed here") }
        if let bias = configuration["bias"]?.string, bias != "none" {
            throw fault(Self.configurationFile, "trained biases are not computed here")
        }
        var targets: [LowRankAdaptation.Target] = []
        for name in names {
            guard let target = name.string.flatMap(LowRankAdaptation.Target.init(rawValue:)) else {
                throw fault(Self.configurationFile, "the matrix \(name.canonicalText) cannot be adapted")
            }
            targets.append(target)
        }
        return LowRankAdaptation(rank: rank, alpha: alpha, targets: targets)
    }

    private func fault(_ file: String, _ reason: String) -> ModelFileError { ModelFileError(file: file, reason: reason) }
}
