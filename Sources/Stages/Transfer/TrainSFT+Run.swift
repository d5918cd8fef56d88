import Engine
import Planner

extension TrainSFT: RunnableStage {
    public func run(in context: StageContext) throws {
        let rows = ResponseRows(
            prompts: try context.modelFolder("model").prompts(PromptFormat(prompt)),
            functions: try context.readFunctions("data"))
        let format = AnswerFormat(answer ?? .call)
        let examples =
            context.hasInput("judged")
            ? try context.judgedExamples(rows)
            : try context.readRows("data", "train.jsonl").map { try rows.example(of: $0, format: format) }
        try context.train(on: examples, loss: TransferLoss.crossEntropy, parameters: training)
    }
}
