import Engine
import Kinds
import Words

extension KDDirect: RunnableStage {
    package static let artifact: [Output] = .ofTraining

    package func run(in context: StageContext) throws {
        guard !loss.bridgesVocabularies else {
            throw StageFailure("ULD and GOLD learn from logits that were captured before; use 'kd.capture' and 'kd.train'")
        }
        try context.checkThatTokenizersAreEqual("model", "teacher")
        let rows = try context.responseRows(for: "teacher", prompt, answer)
        let examples = try context.examplesToLearn(rows, answer: answer)
        let form = try rows.prompts.formName.flatMap { _ in try context.modelFolder("teacher").callFormName() }
        try context.checkThatFormIsEqual("model", to: form, answers: examples)
        let dropout =
            tokenDropout > 0
            ? TokenDropout(share: tokenDropout, tokenizer: try context.modelFolder("model").tokenizer()) : nil
        let student = try context.modelFolder("model").unpaddedModel()
        let fitted = try context.fitted(examples, to: training)
        let trainer = try TaughtTrainer(
            student, teacher: context.unpaddedInferenceModel("teacher"),
            keeping: .init(k: k, of: promptShare > 0 ? .sequence : .response, rounded: CapturedLogits.rounded),
            on: fitted,
            loss: TransferLoss(loss, temperature: temperature, tail: tail, promptShare: promptShare), dropout: dropout,
            options: context.trainingOptions(training, of: student, rows: fitted.count), workers: context.workers)
        try context.train(trainer.learner, parameters: training) { try trainer.advance() }
    }
}
