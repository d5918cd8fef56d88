/// Trains a student on its teacher's logits, which the teacher gives of a step's rows when the step needs them.
///
/// The student's numbers are those of a `Trainer` whose examples have the same logits from the start.
package final class TaughtTrainer {
    /// What is kept of a teacher's logits.
    package struct Capture: Sendable {
        package var k: Int
        package var span: TokenSpan
        /// Gives them the precision that they would be stored with.
        package var rounded: @Sendable (TeacherLogits) -> TeacherLogits

        package init(k: Int, of span: TokenSpan, rounded: @escaping @Sendable (TeacherLogits) -> TeacherLogits) {
            (self.k, self.span, self.rounded) = (k, span, rounded)
        }
    }

    package let learner: Learner

    private let examples: [TrainingExample]
    private let loss: TransferLoss
    private let dropout: TokenDropout?
    private let teacher: LogitsCapture
    private let capture: Capture
    /// By example, where some are read more than once.
    private var known: [Int: TeacherLogits] = [:]
    private var order: EpochOrder

    /// - Throws: `TrainingError` when an example does not fit one of the models, or an option is out of range.
    package init(
        _ student: Model, teacher: InferenceModel, keeping capture: Capture, on examples: [TrainingExample], loss: TransferLoss,
        dropout: TokenDropout? = nil, options: TrainingOptions, workers: WorkerPool
    ) throws(TrainingError) {
        if examples.isEmpty { throw TrainingError("There are no examples to train on.") }
        try loss.check()
        if dropout != nil, loss.promptShare > 0 {
            throw TrainingError("A prompt whose teacher's logits are learned from cannot lose tokens.")
        }
        let configurations = [student.configuration, teacher.model.configuration]
        guard configurations[1].tokenCount <= configurations[0].tokenCount else {
            throw TrainingError(
                "The teacher has \(configurations[1].tokenCount) tokens; the student has \(configurations[0].tokenCount).")
        }
        for (index, example) in examples.enumerated() {
            for configuration in configurations { try example.check(configuration, loss: .crossEntropy, index: index) }
        }
        let longest = examples.map(\.tokens.count).max() ?? 1
        (self.examples, self.loss, self.dropout, self.capture) = (examples, loss, dropout, capture)
        self.teacher = LogitsCapture(teacher, longest: longest, workers: workers)
        learner = try Learner(student, longest: longest, options: options, workers: workers)
        order = EpochOrder(of: examples, options)
    }

    /// Runs one step.
    package func advance() throws -> TrainingStep {
        let options = learner.options
        let places = order.batch(learner.step, size: options.batch)
        try read(places)
        let rows = places.map { place in
            var row = examples[place]
            row.teacher = known[place]
            return row
        }
        if options.steps * options.batch <= examples.count { known = [:] }
        return learner.advance(
            on: dropout?.applied(to: rows, seed: options.seed, step: learner.step) ?? rows, loss: loss)
    }

    /// Has the teacher read the examples that it has not read yet.
    private func read(_ places: [Int]) throws {
        let new = Set(places).filter { known[$0] == nil }.sorted()
        let captured = try teacher.capture(new.map { examples[$0] }, k: capture.k, of: capture.span)
        for (place, logits) in zip(new, captured) {
            guard logits.logSumExp.allSatisfy(\.isFinite) else {
                throw TrainingError("The teacher's logits are not numbers; was it trained at too high a learning rate?")
            }
            known[place] = capture.rounded(logits)
        }
    }
}
