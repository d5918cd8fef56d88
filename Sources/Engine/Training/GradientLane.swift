/// One lane of a training step: activations and a gradient of its own, through which its micro-batches go in order.
final class GradientLane {
    let gradients: FloatBuffer
    private let arena = Arena()
    private let lossScratch: FloatBuffer

    init(parameterCount: Int, vocabularySize: Int) {
        gradients = FloatBuffer(count: parameterCount)
        lossScratch = FloatBuffer(count: 2 * vocabularySize)
    }

    /// Adds the gradient of `scale`·Σ loss over the examples' response tokens; returns Σ loss.
    func accumulate(_ examples: [TrainingExample], decoder: Decoder, loss: TransferLoss, scale: Float) -> Double {
        var batch = PackedBatch()
        for example in examples { batch.append(example.tokens, predicting: example.predictingPositions) }
        let activations = Activations(decoder.configuration, batch, in: arena)
        decoder.forward(batch, activations)
        let total = replaceLogitsByGradient(examples, activations, decoder.configuration, loss, scale)
        decoder.backward(batch, activations, gradients: gradients.base)
        return total
    }

    private func replaceLogitsByGradient(
        _ examples: [TrainingExample], _ activations: Activations, _ configuration: ModelConfiguration, _ loss: TransferLoss,
        _ scale: Float
    ) -> Double {
        let vocabularySize = configuration.vocabularySize
        var logits = activations.logits
        var total = 0.0
        for example in examples {
            for position in 0..<example.responseLength {
                let target = LossTarget(
                    token: example.tokens[example.promptLength + position], teacher: example.teacher.map { ($0, position) })
                total += loss.replaceByGradient(
                    logits, vocabularySize: vocabularySize, target: target, scale: scale, q: lossScratch.base,
                    gradient: lossScratch.base + vocabularySize)
                logits += vocabularySize
            }
        }
        return total
    }
}
