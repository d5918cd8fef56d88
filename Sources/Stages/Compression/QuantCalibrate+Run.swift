import Engine
import Kinds

extension QuantCalibrate: RunnableStage {
    package func run(in context: StageContext) throws {
        let sequences = try context.calibrationSequences(samples: samples, set: set, prompt: prompt)
        let model = try context.inferenceModel("model")
        try CalibrationStatistics.write(
            of: model, on: sequences, to: context.output("statistics.safetensors"), workers: context.workers
        ) { done in
            context.report(.init(done: done, total: model.model.configuration.layerCount, unit: "layer"))
        }
    }
}
