import CanonicalJSON
import Foundation

/// Low-rank adapters as the library `peft` stores them: `adapter_config.json` and `adapter_model.safetensors`.
package struct AdapterFolder: Sendable {
    package let url: URL

    package static let configurationFile = "adapter_config.json"
    static let weightsFile = "adapter_model.safetensors"

    package init(_ url: URL) { self.url = url }

    package func write(_ adapters: LowRankAdapters) throws {
        let adaptation = adapters.adaptation
        let configuration: JSON = [
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": .null, "bias": "none",
            "fan_in_fan_out": false, "inference_mode": true, "lora_dropout": 0, "r": .integer(Int64(adaptation.rank)),
            "lora_alpha": .number(adaptation.alpha),
            "target_modules": .array(adapters.layout.modules.map(JSON.string)),
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
        let rules = try AdapterRules(readConfiguration())
        guard rules.areOneForAll else {
            throw fault(Self.configurationFile, "its matrices have ranks or scales of their own, and training has one for all")
        }
        var targets: [LowRankAdaptation.Target] = []
        for name in rules.modules ?? [] {
            guard let stated = LowRankAdaptation.targets(of: name) else {
                throw fault(Self.configurationFile, "the matrix '\(name)' cannot be adapted")
            }
            targets += stated
        }
        return LowRankAdaptation(rank: rules.rank, alpha: rules.alpha, targets: targets)
    }

    func readConfiguration() throws(ModelFileError) -> JSON { try ModelFolder(url).readJSON(Self.configurationFile) }

    func fault(_ file: String, _ reason: String) -> ModelFileError { ModelFileError(file: file, reason: reason) }
}
