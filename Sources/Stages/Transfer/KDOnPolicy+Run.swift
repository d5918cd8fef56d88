import Engine
import Planner

extension KDOnPolicy: RunnableStage {
    package func run(in context: StageContext) throws {
        try context.checkThatTokenizersAreEqual("model", "teacher")
        let encoder = try context.modelFolder("model").prompts(prompt)
        let rows = ResponseRows(prompts: encoder, functions: try context.readFunctions("data"))
        let trainer = try OnPolicyTrainer(
            context.modelFolder("model").model(), teacher: context.inferenceModel("teacher"),
            on: context.readRows("data", "train.jsonl").map { try rows.example(of: $0, format: answer) },
            loss: TransferLoss(loss, temperature: temperature),
            sampling: .init(
                fraction: fraction, maximumTokens: tokens, temperature: samplingTemperature, endTokens: encoder.endTokens),
            options: TrainingOptions(training, products: context.products), workers: context.workers)
        try context.train(trainer.learner, parameters: training) { try trainer.advance() }
    }
}
