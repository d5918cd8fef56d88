import Engine
import Foundation
import Planner

extension KDTrain: RunnableStage {
    package func run(in context: StageContext) throws {
        var examples: [TrainingExample] = []
        let weights = teacherWeights ?? [1]
        for teacher in weights.indices {
            let input = teacher == 0 ? "logits" : "logits.\(teacher - 1)"
            try context.checkThatTokenizersAreEqual("model", input)
            let logits = try CapturedLogits(reading: context.input(input, CapturedLogits.file))
            examples = teacher == 0 ? logits.examples : try Self.merge(logits.examples, into: examples, from: input)
        }
        let loss = TransferLoss(
            loss, temperature: temperature, tail: tail, promptShare: promptShare,
            teacherWeights: weights)
        try context.train(on: examples, loss: loss, parameters: training)
    }

    /// Adds what another teacher says of the same sequences.
    private static func merge(
        _ others: [TrainingExample], into examples: [TrainingExample], from input: String
    ) throws(StageFailure) -> [TrainingExample] {
        guard others.map(\.tokens) == examples.map(\.tokens), others.map(\.promptLength) == examples.map(\.promptLength) else {
            throw StageFailure("\(input) is of other sequences than logits; all teachers must score the same answers")
        }
        return zip(examples, others).map { example, other in
            var example = example
            example.teachers += other.teachers
            return example
        }
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
