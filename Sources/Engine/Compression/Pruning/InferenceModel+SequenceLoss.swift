import CKernels

extension InferenceModel {
    /// The mean negative log-likelihood, in nats, of all tokens of some sequences but the first of each.
    /// - Throws: `GenerationError` when no token follows another, or the model cannot read a sequence.
    func meanLoss(of sequences: [[Int32]], workers: WorkerPool) throws(GenerationError) -> Double {
        for (index, sequence) in sequences.enumerated() { try check(sequence, index: index) }
        let tokens = sequences.reduce(0) { $0 + $1.count - 1 }
        guard tokens > 0 else { throw GenerationError("There are no sequences of two tokens to measure perplexity on.") }
        let decoder = decoder(positions: sequences.map(\.count).max() ?? 1, workers: workers)
        let sums = InferenceModel.calibrationGroups(of: sequences.count).map { lossSum(of: sequences[$0], with: decoder) }
        return sums.reduce(0, +) / Double(tokens)
    }

    private func lossSum(of sequences: ArraySlice<[Int32]>, with decoder: Decoder) -> Double {
        var batch = PackedBatch()
        for sequence in sequences { batch.append(sequence, predicting: 0..<sequence.count - 1) }
        let targets = sequences.flatMap { $0.dropFirst() }
        let arena = Arena()
        let vocabulary = decoder.configuration.vocabularySize
        return withExtendedLifetime(arena) {
            let a = Activations(decoder.configuration, batch, keeping: .nothing, logitRows: Decoder.logitRows, in: arena)
            decoder.hiddenStates(batch, a)
            var losses = [Double](repeating: 0, count: targets.count)
            decoder.forEachLogits(batch, a) { rows in
                losses.withUnsafeMutableBufferPointer { losses in
                    decoder.workers.forEach(rows.count) { row in
                        let logits = a.logits + row * vocabulary
                        let wanted = Double(logits[Int(targets[rows.lowerBound + row])])
                        let statistics = decant_softmax(logits, logits, 1, vocabulary)
                        losses[rows.lowerBound + row] =
                            Double(statistics.largest) + PortableMath.log(Double(statistics.sum)) - wanted
                    }
                }
            }
            return losses.reduce(0, +)
        }
    }
}
