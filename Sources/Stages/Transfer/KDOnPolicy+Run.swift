import Engine
import Planner

extension KDOnPolicy: RunnableStage {
    public var limitation: String? {
        // Rows' own answers hold no reasoning; a student that answers all of them itself needs none.
        answer == .reasoning && fraction < 1 ? answer.limitation : nil
    }

    public func run(in context: StageContext) throws {
        try context.checkThatTokenizersAreEqual("model", "teacher")
        let encoder = try context.modelFolder("model").prompts(PromptFormat(prompt))
        let rows = ResponseRows(prompts: encoder, functions: try context.readFunctions("data"))
        let trainer = try OnPolicyTrainer(
            context.modelFolder("model").model(), teacher: context.inferenceModel("teacher"),
            on: context.readRows("data", "train.jsonl").map { try rows.example(of: $0) },
            loss: TransferLoss(loss.map(TransferLoss.WeightedTerm.init), temperature: temperature),
            sampling: .init(
                fraction: fraction, maximumTokens: tokens, temperature: samplingTemperature, endTokens: encoder.endTokens),
            options: TrainingOptions(training, products: context.products), workers: context.workers)
        try context.train(trainer.learner, parameters: training) { try trainer.advance() }
    }
}
