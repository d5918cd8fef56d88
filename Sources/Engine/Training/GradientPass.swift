/// Forward and backward through micro-batches, one after the other: the sum of their gradients, in one buffer.
final class GradientPass {
    let gradient: FloatBuffer
    private let adapters: Gradients.Adapters?
    private let retention: Activations.Retention
    private let arena = Arena()

    /// - Parameters:
    ///   - parameterCount: of what is trained.
    ///   - adapters: these alone are trained, where they are.
    ///   - retention: what of the activations is kept for the backward pass; no bit depends on it.
    init(parameterCount: Int, adapters: Gradients.Adapters? = nil, keeping retention: Activations.Retention) {
        gradient = FloatBuffer(count: parameterCount)
        self.adapters = adapters
        self.retention = retention
    }

    /// The gradient of `scale`·Σ weight·loss over the examples' tokens replaces or is added to `gradient`.
    ///
    /// - Parameter firstRow: of the step's rows the first example's place.
    /// - Returns: Σ weight·loss.
    func run(
        _ examples: [TrainingExample], firstRow: Int = 0, decoder: Decoder, loss: some ResponseLoss,
        weights: PositionWeights = .responses, scale: Float, _ accumulation: MatrixMultiply.Accumulation
    ) -> Double {
        var batch = PackedBatch()
        for example in examples { batch.append(example.tokens, predicting: weights.span.predictingPositions(in: example)) }
        let targets = examples.enumerated().flatMap { index, example in
            weights.span.positions(in: example).map { LossTarget(example: example, position: $0, row: firstRow + index) }
        }
        let gradients = Gradients(base: gradient.base, adapters: adapters, accumulation: accumulation)
        var losses = [Double](repeating: 0, count: targets.count)
        let vocabularySize = decoder.configuration.vocabularySize
        withExtendedLifetime(arena) {
            let activations = Activations(
                decoder.configuration, batch, keeping: retention, logitRows: Decoder.logitRows, in: arena)
            decoder.hiddenStates(batch, activations)
            losses.withUnsafeMutableBufferPointer { losses in
                decoder.forEachLogits(batch, activations) { rows in
                    decoder.workers.forEachRange(rows.count, size: 4) { places in
                        for place in places {
                            let target = targets[rows.lowerBound + place]
                            let weight = weights.weight(at: target.position)
                            let value = loss.replaceByGradient(
                                activations.logits + place * vocabularySize, vocabularySize: vocabularySize,
                                target: target, scale: scale * Float(weight))
                            losses[rows.lowerBound + place] = weight * value
                        }
                    }
                    decoder.logitsBackward(rows, activations, gradients)
                }
            }
            decoder.finalNormBackward(batch, activations, gradients)
            decoder.backward(batch, activations, gradients)
        }
        return losses.reduce(0, +)
    }

    /// Gives back the memory of the activations.
    func releaseActivations() { arena.release() }
}
