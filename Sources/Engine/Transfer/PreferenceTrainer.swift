import CKernels

/// Two responses to one prompt; the accepted one is preferred.
package struct PreferencePair: Hashable, Sendable {
    package var accepted: TrainingExample
    package var rejected: TrainingExample

    package init(accepted: TrainingExample, rejected: TrainingExample) { (self.accepted, self.rejected) = (accepted, rejected) }
}

/// Direct preference optimization (Rafailov et al., 2023, arXiv 2305.18290): −ln σ(margin), the mean over a step's pairs, with
/// margin = β·[ln π(accepted)/π_ref(accepted) − ln π(rejected)/π_ref(rejected)] over whole responses.
///
/// The reference policy is the model before the first step; its log-probabilities are computed once.
package final class PreferenceTrainer {
    package let learner: Learner

    private let pairs: [PreferencePair]
    private let beta: Double
    /// ln π_ref(accepted) − ln π_ref(rejected) of each pair.
    private let reference: [Double]
    private var order: EpochOrder

    /// Each step uses `options.batch` pairs.
    /// - Throws: `TrainingError` when there are no pairs, or one does not fit the model.
    package init(
        _ model: Model, on pairs: [PreferencePair], beta: Double, options: TrainingOptions, workers: WorkerPool
    ) throws(TrainingError) {
        if pairs.isEmpty { throw TrainingError("There are no pairs to learn from.") }
        guard beta > 0, beta.isFinite else { throw TrainingError("β must be above 0, not \(beta).") }
        let rows = Self.rows(of: pairs)
        for (index, row) in rows.enumerated() { try row.check(model.configuration, loss: .crossEntropy, index: index) }
        learner = try Learner(model, longest: rows.map(\.tokens.count).max() ?? 1, options: options, workers: workers)
        (self.pairs, self.beta) = (pairs, beta)
        reference = Self.preferences(learner.responseLogProbabilities(rows))
        order = EpochOrder(count: pairs.count, seed: options.seed)
    }

    /// Runs one step. Its readings are the mean `margin` and the `accuracy`: the share of pairs with a margin above 0.
    package func advance() -> TrainingStep {
        let batch = order.batch(learner.step, size: learner.options.batch)
        let rows = Self.rows(of: batch.map { pairs[$0] })
        let preferences = Self.preferences(learner.responseLogProbabilities(rows))
        let margins = zip(preferences, batch).map { beta * ($0 - reference[$1]) }
        let step = learner.advance(
            on: rows, loss: LikelihoodLoss(coefficients: Self.coefficients(margins: margins, beta: beta, rows: rows)))
        let count = Double(margins.count)
        return TrainingStep(
            step: step.step, loss: margins.reduce(0) { $0 + Self.loss(margin: $1) } / count, learningRate: step.learningRate,
            gradientNorm: step.gradientNorm, tokens: step.tokens,
            readings: [
                "margin": margins.reduce(0, +) / count, "accuracy": Double(margins.count { $0 > 0 }) / count,
            ])
    }

    /// The accepted and the rejected response of each pair.
    static func rows(of pairs: [PreferencePair]) -> [TrainingExample] { pairs.flatMap { [$0.accepted, $0.rejected] } }

    /// ln π(accepted) − ln π(rejected) of each pair.
    static func preferences(_ logProbabilities: [Double]) -> [Double] {
        stride(from: 0, to: logProbabilities.count, by: 2).map { logProbabilities[$0] - logProbabilities[$0 + 1] }
    }

    /// −ln σ(margin), computed without overflow.
    static func loss(margin: Double) -> Double {
        max(0, -margin) + PortableMath.log(1 + PortableMath.exp(-abs(margin)))
    }

    /// The derivatives of the mean loss with respect to −ln π of each row, times the number of response tokens, which a learner
    /// divides by.
    static func coefficients(margins: [Double], beta: Double, rows: [TrainingExample]) -> [Double] {
        let tokens = Double(rows.reduce(0) { $0 + $1.responseLength })
        return margins.flatMap { margin in
            let slope = beta / (1 + PortableMath.exp(margin)) * tokens / Double(margins.count)
            return [slope, -slope]
        }
    }
}

/// The sum over a step's rows of a coefficient times −ln π(response).
///
/// Its gradient equals that of any function of the rows' log-likelihoods whose derivatives are the coefficients.
struct LikelihoodLoss: TokenLoss {
    /// Coefficients by row.
    let coefficients: [Double]

    func check() throws(TrainingError) {}

    func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String? { nil }

    func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float
    ) -> Double {
        let coefficient = coefficients[target.row] * Double(scale)
        let largest = decant_largest(logits, vocabularySize)
        let shift = Double(logits[Int(target.token)] - largest)
        let sum = Double(decant_sum_of_exponentials(logits, largest, 1, vocabularySize))
        decant_add_exponentials(logits, largest, Float(coefficient / sum), 0, 1, vocabularySize)
        logits[Int(target.token)] -= Float(coefficient)
        return coefficients[target.row] * (PortableMath.log(sum) - shift)
    }
}

extension Decoder {
    /// Σ ln p of each example's response tokens, in double precision over float32 logits.
    func responseLogProbabilities(_ examples: [TrainingExample]) -> [Double] {
        tokenLogProbabilities(examples).map { $0.reduce(0, +) }
    }

    /// ln π of each example's response tokens; π is the softmax of the logits over the temperature.
    func tokenLogProbabilities(_ examples: [TrainingExample], temperature: Double = 1) -> [[Double]] {
        let arena = Arena()
        var results = [[Double]](repeating: [], count: examples.count)
        // No number depends on what is read together, so that what begins alike always is.
        for places in MicroBatches.sharing(examples, predicting: .response) {
            let rows = places.map { examples[$0] }
            var values = packedLogProbabilities(rows, temperature, arena)[...]
            for (place, row) in zip(places, rows) {
                results[place] = Array(values.prefix(row.responseLength))
                values.removeFirst(row.responseLength)
            }
        }
        return results
    }

    /// The log-probabilities of all examples' response tokens, in order.
    private func packedLogProbabilities(
        _ examples: [TrainingExample], _ temperature: Double, _ arena: Arena
    ) -> [Double] {
        let batch = PackedBatch(examples, predicting: .response, sharing: true)
        let targets = examples.flatMap { $0.tokens[$0.promptLength...] }
        var values = [Double](repeating: 0, count: targets.count)
        let (size, tokens) = (configuration.vocabularySize, configuration.tokenCount)
        values.withUnsafeMutableBufferPointer { values in
            forEachLogits(of: batch, in: arena) { rows, logits in
                workers.forEachRange(rows.count, size: 4) { places in
                    for place in places {
                        let policy = TokenDistribution(logits + place * size, vocabularySize: tokens, temperature: temperature)
                        let row = rows.lowerBound + place
                        values[row] = policy.logProbability(of: targets[row])
                    }
                }
            }
        }
        return values
    }
}
