import Engine
import Foundation
import Planner

extension KDTrain: RunnableStage {
    public var limitation: String? {
        if let later = loss.first(where: { ![.forwardKL, .crossEntropy].contains($0.loss) }) {
            return "the loss \(later.loss.rawValue) is not in this version yet"
        }
        if promptShare > 0 { return "a loss over the prompt is not in this version yet" }
        let usual: LogitsTail = temperature == 1 ? .lump : .renormalize
        return tail == usual ? nil : "'tail: \(tail.rawValue)' at this temperature is not in this version yet"
    }

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
