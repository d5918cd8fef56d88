import Engine
import Foundation
import Planner

extension KDTrain: RunnableStage {
    public func run(in context: StageContext) throws {
        try context.checkThatTokenizersAreEqual("model", "logits")
        let logits = try CapturedLogits(reading: context.input("logits", CapturedLogits.file))
        let loss = TransferLoss(
            loss.map(TransferLoss.WeightedTerm.init), temperature: temperature, tail: .init(tail), promptShare: promptShare)
        try context.train(on: logits.examples, loss: loss, parameters: training)
    }
}

extension StageContext {
    /// A student learns from a teacher's logits token by token.
    func checkThatTokenizersAreEqual(_ student: String, _ teacher: String) throws {
        let tokenizers = try [student, teacher].map { try Data(contentsOf: input($0, "tokenizer.json")) }
        guard tokenizers[0] == tokenizers[1] else {
            throw StageFailure("the student's tokenizer is not the teacher's, whose logits are tokens of its own")
        }
    }
}

extension TransferLoss.WeightedTerm {
    init(_ term: LossTerm) {
        // The numbers that the language fills in; a stage of the recipe's own may leave them out.
        let argument = term.argument ?? 0.5
        let loss: TransferLoss.Term =
            switch term.loss {
            case .forwardKL: .forwardKL
            case .reverseKL: .reverseKL
            case .jensenShannon: .jensenShannon(beta: argument)
            case .adaptiveKL: .adaptiveKL(mu: argument)
            case .crossEntropy: .crossEntropy
            }
        self.init(loss, weight: term.weight)
    }
}

extension TransferLoss.Tail {
    init(_ tail: LogitsTail) {
        switch tail {
        case .lump: self = .lump
        case .renormalize: self = .renormalize
        }
    }
}
