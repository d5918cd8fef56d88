/// A text as an encoder reads it, with what its heads are to say.
package struct EncoderExample: Hashable, Sendable {
    package var tokens: [Int32]
    /// By head the places of its labels. Of a head that reads the text, the right ones; an exclusive head has one, or none where
    /// the text says nothing of it. Of a head that reads tokens, one for each token, −1 for a token that does not count.
    package var targets: [[Int32]]

    package init(tokens: [Int32], targets: [[Int32]]) { (self.tokens, self.targets) = (tokens, targets) }
}

/// Trains an encoder with its heads by AdamW: the sum of the heads' losses, each the mean over the texts, or the tokens, of a
/// step that it counts.
///
/// No dropout takes part. The weights after n steps are a function of encoder, examples and options alone.
package final class EncoderTrainer {
    package let options: TrainingOptions
    /// Steps done.
    package private(set) var step = 0

    private let encoder: TunedEncoder
    private let examples: [EncoderExample]
    private let weights: FloatBuffer
    private let gradient: FloatBuffer
    private let optimizer: Optimizer
    private let pass: EncoderPass
    private let arena = Arena()
    private var order: EpochOrder

    /// - Throws: `TrainingError` when an example does not fit the encoder, or an option is out of range.
    package init(
        _ encoder: TunedEncoder, on examples: [EncoderExample], options: TrainingOptions, workers: WorkerPool
    ) throws(TrainingError) {
        if examples.isEmpty { throw TrainingError("There are no texts to train on.") }
        try options.check()
        for (index, example) in examples.enumerated() { try encoder.check(example, index: index) }
        (self.encoder, self.examples, self.options) = (encoder, examples, options)
        weights = encoder.weights.copy()
        gradient = FloatBuffer(count: encoder.layout.count)
        optimizer = Optimizer(encoder.layout.parameters, options)
        pass = EncoderPass(
            configuration: encoder.configuration, layout: encoder.layout, weights: weights, workers: workers)
        order = EpochOrder(count: examples.count, seed: options.seed)
    }

    /// The encoder after the steps done so far.
    package var trained: TunedEncoder { encoder.with(weights: weights.copy()) }

    /// Runs one step.
    package func advance() -> TrainingStep {
        defer { step += 1 }
        let rows = order.batch(step, size: options.batch).map { examples[$0] }
        let loss = computeGradients(rows)
        let norm = gradient.sumOfSquares(on: pass.workers).squareRoot()
        let rate = options.learningRate(atStep: step)
        optimizer.update(
            weights, gradient: gradient, gradientScale: options.clippingScale(ofNorm: norm), step: step,
            learningRate: rate, workers: pass.workers)
        return TrainingStep(
            step: step, loss: loss, learningRate: rate, gradientNorm: norm, tokens: rows.reduce(0) { $0 + $1.tokens.count })
    }

    /// Gives back the memory of the activations.
    package func releaseActivations() { arena.release() }

    /// The loss of rows that fit the encoder; its gradient fills `gradient`.
    func computeGradients(_ rows: [EncoderExample]) -> Double {
        gradient.base.update(repeating: 0, count: gradient.count)
        let counts = encoder.heads.indices.map { head in rows.reduce(0) { $0 + encoder.counted($1, by: head) } }
        return MicroBatches.cut(lengths: rows.map(\.tokens.count)).reduce(0) { loss, range in
            loss + addGradients(Array(rows[range]), counts)
        }
    }

    /// The gradient after `computeGradients`, in the order of the layout.
    var gradientValues: [Float] { gradient.values }

    /// - Parameter counts: what each head's loss is divided by.
    private func addGradients(_ rows: [EncoderExample], _ counts: [Int]) -> Double {
        let sequences = rows.map(\.tokens)
        return withExtendedLifetime((arena, weights, gradient)) {
            let kept = EncoderActivations(sequences, encoder.configuration, in: arena)
            pass.forward(sequences, kept)
            kept.gradient.update(repeating: 0, count: kept.rows * encoder.configuration.hiddenSize)
            var loss = 0.0
            for head in encoder.heads.indices where counts[head] > 0 {
                loss += addGradients(of: head, rows, kept, scale: 1 / Float(counts[head])) / Double(counts[head])
            }
            pass.backward(sequences, kept, into: gradient)
            return loss
        }
    }

    /// Adds a head's gradients to its own and to that of the last states.
    ///
    /// - Returns: the sum of its losses.
    private func addGradients(
        of place: Int, _ rows: [EncoderExample], _ kept: EncoderActivations, scale: Float
    ) -> Double {
        let (head, hidden) = (encoder.heads[place], encoder.configuration.hiddenSize)
        let labels = head.labels.count
        let product = HeadProduct(encoder.layout.heads[place], labels: labels, hidden: hidden, weights)
        guard let states = kept.states.last else { return 0 }
        var sum = 0.0
        for (row, start) in zip(rows, kept.starts) {
            let count = head.reading == .text ? 1 : row.tokens.count
            let x = MatrixView(states + start * hidden, count, hidden)
            let logits = FloatBuffer(count: count * labels)
            product.forward(x, into: logits.base)
            sum += head.replaceByGradients(logits.base, targets: row.targets[place], scale: scale)
            product.backward(
                logits.base, x, into: MatrixView(kept.gradient + start * hidden, count, hidden), gradient)
            withExtendedLifetime(logits) {}
        }
        return sum
    }
}

extension EncoderTrainer {
    package var state: LearnerState {
        LearnerState(
            step: step, weights: weights.values, firstMoments: optimizer.firstMoments.values,
            secondMoments: optimizer.secondMoments.values)
    }

    /// The numbers of `state` as they are now.
    package var storedState: [String: StoredTensor] { LearnerState.stored(weights, optimizer, pass.workers) }
    package var storedBytes: Int { LearnerState.bytes(of: weights) }

    /// Goes on from a state of a trainer that was made of the same encoder, examples and options.
    /// - Throws: `TrainingError` when the state is of another encoder; nothing is changed then.
    package func restore(_ state: LearnerState) throws(TrainingError) {
        guard [state.weights, state.firstMoments, state.secondMoments].allSatisfy({ $0.count == weights.count }),
            (0...options.steps).contains(state.step)
        else { throw TrainingError("The state is not one of this encoder's training.") }
        weights.replace(with: state.weights)
        optimizer.firstMoments.replace(with: state.firstMoments)
        optimizer.secondMoments.replace(with: state.secondMoments)
        step = state.step
    }
}

extension EncoderHead {
    /// Logits [rows, labels] of one text → their gradients times `scale`, in place; returns the sum of the losses.
    fileprivate func replaceByGradients(
        _ logits: UnsafeMutablePointer<Float>, targets: [Int32], scale: Float
    ) -> Double {
        let count = labels.count
        guard isExclusive else { return HeadLoss.each(logits, labels: count, targets: targets, scale: scale) }
        let wanted = reading == .text ? [targets.first ?? -1] : targets
        return wanted.enumerated().reduce(0) { sum, target in
            let row = logits + target.offset * count
            guard target.element >= 0 else {
                row.update(repeating: 0, count: count)
                return sum
            }
            return sum + HeadLoss.exclusive(row, labels: count, target: Int(target.element), scale: scale)
        }
    }
}

extension TunedEncoder {
    /// How many losses of a head an example has.
    fileprivate func counted(_ example: EncoderExample, by head: Int) -> Int {
        if !heads[head].isExclusive { return 1 }
        return example.targets[head].count { $0 >= 0 }
    }

    fileprivate func check(_ example: EncoderExample, index: Int) throws(TrainingError) {
        func refuse(_ reason: String) -> TrainingError { TrainingError("The text \(index) \(reason).") }
        guard (1...configuration.maximumPositions).contains(example.tokens.count) else {
            throw refuse("has \(example.tokens.count) tokens; the encoder reads up to \(configuration.maximumPositions)")
        }
        guard example.tokens.allSatisfy({ (0..<Int32(configuration.vocabularySize)).contains($0) }) else {
            throw refuse("has a token that the encoder does not know")
        }
        guard example.targets.count == heads.count else {
            throw refuse("has labels for \(example.targets.count) heads, and there are \(heads.count)")
        }
        for (head, targets) in zip(heads, example.targets) {
            let least: Int32 = head.reading == .tokens ? -1 : 0
            guard targets.allSatisfy({ (least..<Int32(head.labels.count)).contains($0) }) else {
                throw refuse("has a label that the head '\(head.name)' does not have")
            }
            guard head.isExclusive || head.reading == .text else {
                throw refuse("has tokens with several labels each, for the head '\(head.name)'")
            }
            let most = head.isExclusive ? 1 : head.labels.count
            guard head.reading == .tokens ? targets.count == example.tokens.count : targets.count <= most else {
                throw refuse("has \(targets.count) labels for the head '\(head.name)'")
            }
        }
    }
}
