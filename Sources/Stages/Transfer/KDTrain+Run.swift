import Engine
import Foundation
import Planner

extension KDTrain: RunnableStage {
    public func run(in context: StageContext) throws {
        let tokenizers = try ["model", "logits"].map { try Data(contentsOf: context.input($0, "tokenizer.json")) }
        guard tokenizers[0] == tokenizers[1] else {
            throw StageFailure("the student's tokenizer is not the teacher's, whose logits are tokens of its own")
        }
        let logits = try CapturedLogits(reading: context.input("logits", CapturedLogits.file))
        let terms = loss.map { term in
            TransferLoss.WeightedTerm(term.loss == .forwardKL ? .forwardKL : .crossEntropy, weight: term.weight)
        }
        try context.train(
            on: logits.examples, loss: TransferLoss(terms, temperature: temperature), parameters: training)
    }
}
