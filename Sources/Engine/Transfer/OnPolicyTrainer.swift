/// Distillation on answers that the student samples (Efficient AI in Practice, 4.3).
///
/// In each step the current student answers a fraction of the rows; the others keep their own answers. The teacher scores all of
/// them. A step depends only on the student's weights and the step's number.
package final class OnPolicyTrainer {
    /// How the student answers.
    package struct Sampling: Sendable {
        /// Share of the rows that the student answers, exact over many steps.
        package var fraction: Double
        /// Largest number of tokens of an answer.
        package var maximumTokens: Int
        package var temperature: Double
        /// The tokens that end an answer. A finished answer ends with the first of them, an unfinished one with none.
        package var endTokens: [Int32]

        package init(fraction: Double, maximumTokens: Int, temperature: Double, endTokens: [Int32]) {
            (self.fraction, self.maximumTokens) = (fraction, maximumTokens)
            (self.temperature, self.endTokens) = (temperature, endTokens)
        }
    }

    /// Teacher logits that are kept at each position. The others are one bucket, or omitted at temperatures other than 1.
    package static let keptLogits = 64

    package let learner: Learner

    private let examples: [TrainingExample]
    private let loss: any ResponseLoss
    private let sampling: Sampling
    private let teacher: any AnswerScorer
    private let limit: Int
    private let workers: WorkerPool
    private var order: EpochOrder

    /// - Parameters:
    ///   - prompts: what the teacher reads in place of the examples' prompts; `nil` where it reads those.
    ///   - examples: prompts with the rows' own answers.
    /// - Throws: `TrainingError` when an example does not fit the models, or an option is out of range.
    package convenience init(
        _ student: Model, teacher: InferenceModel, reading prompts: [[Int32]]? = nil, on examples: [TrainingExample],
        loss: TransferLoss, sampling: Sampling, options: TrainingOptions, workers: WorkerPool
    ) throws(TrainingError) {
        let vocabularies = [student.configuration, teacher.model.configuration].map(\.tokenCount)
        guard vocabularies[1] <= vocabularies[0] else {
            throw TrainingError("The teacher has \(vocabularies[1]) tokens; the student has \(vocabularies[0]).")
        }
        let limit = min(student.configuration.maximumPositions, teacher.model.configuration.maximumPositions)
        for (index, example) in examples.enumerated() {
            try example.check(teacher.model.configuration, loss: .crossEntropy, index: index)
        }
        var longest = Self.longest(examples, sampling, limit: limit)
        if let prompts {
            let lengths = zip(prompts, examples).map { $0.count + max($1.responseLength, sampling.maximumTokens + 1) }
            longest = lengths.max() ?? longest
            let most = teacher.model.configuration.maximumPositions
            guard prompts.count == examples.count, longest <= most else {
                throw TrainingError("A teacher's prompt and an answer have \(longest) tokens; the teacher's limit is \(most).")
            }
        }
        let scorer = SameTokensScorer(
            loss: loss, capture: LogitsCapture(teacher, longest: longest, workers: workers), prompts: prompts)
        try self.init(
            student, scoredBy: scorer, on: examples, loss: loss, sampling: sampling, limit: limit, options: options,
            workers: workers)
    }

    /// - Parameters:
    ///   - examples: prompts with the rows' own answers, in the student's tokens.
    ///   - prompts: of the same rows, in the teacher's.
    ///   - translation: turns the student's answers into the teacher's tokens.
    /// - Throws: `TrainingError` when an example does not fit the models, or an option is out of range.
    package convenience init(
        _ student: Model, teacher: InferenceModel, reading prompts: [[Int32]], through translation: AnswerTranslation,
        on examples: [TrainingExample], loss: BridgingLoss, sampling: Sampling, options: TrainingOptions, workers: WorkerPool
    ) throws(TrainingError) {
        let limit = teacher.model.configuration.maximumPositions
        if let longest = prompts.map(\.count).max(), longest >= limit {
            throw TrainingError("A prompt has \(longest) of the teacher's tokens; its limit is \(limit).")
        }
        let scorer = TranslatingScorer(
            prompts: prompts, translation: translation, loss: loss, limit: limit,
            capture: LogitsCapture(teacher, longest: limit, workers: workers))
        try self.init(
            student, scoredBy: scorer, on: examples, loss: loss, sampling: sampling,
            limit: student.configuration.maximumPositions, options: options, workers: workers)
    }

    private init(
        _ student: Model, scoredBy teacher: any AnswerScorer, on examples: [TrainingExample], loss: any ResponseLoss,
        sampling: Sampling, limit: Int, options: TrainingOptions, workers: WorkerPool
    ) throws(TrainingError) {
        if examples.isEmpty { throw TrainingError("There are no examples to train on.") }
        try loss.check()
        guard (0...1).contains(sampling.fraction), sampling.maximumTokens > 0, !sampling.endTokens.isEmpty else {
            throw TrainingError(
                "The student's answers need a fraction from 0 to 1, at least one token, and a token to end with.")
        }
        for (index, example) in examples.enumerated() {
            try example.check(student.configuration, loss: .crossEntropy, index: index)
        }
        (self.examples, self.loss, self.sampling, self.workers) = (examples, loss, sampling, workers)
        (self.teacher, self.limit) = (teacher, limit)
        learner = try Learner(
            student, longest: Self.longest(examples, sampling, limit: limit), options: options, workers: workers)
        order = EpochOrder(of: examples, options)
    }

    private static func longest(_ examples: [TrainingExample], _ sampling: Sampling, limit: Int) -> Int {
        let longest = examples.reduce(1) { longest, example in
            max(longest, example.tokens.count, example.promptLength + sampling.maximumTokens + 1)
        }
        return min(longest, limit)
    }

    /// Runs one step. Its readings are the mean `response_length` of the student's answers and the share `unfinished` of those
    /// that did not end; none where the student gave no answer.
    package func advance() throws -> TrainingStep {
        let places = order.batch(learner.step, size: learner.options.batch)
        var rows = places.map { examples[$0] }
        let answers = try answers(to: rows.prefix(sampledRows(atStep: learner.step)))
        for (index, answer) in answers.enumerated() { rows[index] = example(rows[index], answeredBy: answer) }
        try teacher.score(&rows, places: places)
        var step = learner.advance(on: rows, loss: loss)
        if !answers.isEmpty {
            let count = Double(answers.count)
            step.readings["response_length"] =
                rows.prefix(answers.count).reduce(0) { $0 + Double($1.responseLength) } / count
            step.readings["unfinished"] = Double(answers.count { !$0.isFinished }) / count
        }
        return step
    }

    /// Number of rows that the student answers, so that the share over all steps is as close to the fraction as possible.
    private func sampledRows(atStep step: Int) -> Int {
        let batch = Double(learner.options.batch)
        func before(_ step: Int) -> Int { Int((Double(step) * batch * sampling.fraction).rounded(.down)) }
        return min(learner.options.batch, before(step + 1) - before(step))
    }

    private func answers(to rows: ArraySlice<TrainingExample>) throws -> [GeneratedSequence] {
        if rows.isEmpty { return [] }
        let options = GenerationOptions(
            maximumTokens: sampling.maximumTokens, stopTokens: Set(sampling.endTokens), temperature: sampling.temperature,
            seed: Philox.stepSeed(learner.options.seed, step: learner.step))
        return try Generator(learner.inferenceModel, workers: workers)
            .generate(rows.map { GenerationPrompt(Array($0.tokens[..<$0.promptLength])) }, options: options)
    }

    /// The prompt with the student's answer, and an end token where it ended, cut to the models' limit.
    private func example(_ row: TrainingExample, answeredBy answer: GeneratedSequence) -> TrainingExample {
        let response = answer.tokens + (answer.isFinished ? sampling.endTokens.prefix(1) : [])
        return TrainingExample(
            tokens: Array((row.tokens[..<row.promptLength] + response).prefix(limit)), promptLength: row.promptLength)
    }
}
