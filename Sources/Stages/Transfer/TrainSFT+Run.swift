import Engine
import Planner

extension TrainSFT: RunnableStage {
    package func run(in context: StageContext) throws {
        let rows = ResponseRows(
            prompts: try context.modelFolder("model").prompts(prompt),
            functions: try context.readFunctions("data"))
        let examples = try context.examplesToLearn(rows, answer: answer)
        try context.train(on: examples, loss: TransferLoss.crossEntropy, parameters: training)
    }
}
