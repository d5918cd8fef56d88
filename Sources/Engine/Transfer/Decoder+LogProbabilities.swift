extension Decoder {
    /// Σ ln p of each example's response tokens, in double precision over float32 logits.
    func responseLogProbabilities(_ examples: [TrainingExample]) -> [Double] {
        tokenLogProbabilities(examples).map { $0.reduce(0, +) }
    }

    /// ln π of each example's response tokens, π the softmax of the logits over the temperature.
    func tokenLogProbabilities(_ examples: [TrainingExample], temperature: Double = 1) -> [[Double]] {
        let arena = Arena()
        return MicroBatches.cut(lengths: examples.map(\.tokens.count)).flatMap { range in
            let tokens = packedLogProbabilities(examples[range], temperature, arena)
            var position = 0
            return examples[range].map { example in
                defer { position += example.responseLength }
                return Array(tokens[position..<position + example.responseLength])
            }
        }
    }

    /// Those of all examples, one behind the other.
    private func packedLogProbabilities(
        _ examples: ArraySlice<TrainingExample>, _ temperature: Double, _ arena: Arena
    ) -> [Double] {
        var batch = PackedBatch()
        for example in examples {
            batch.append(example.tokens, predicting: TokenSpan.response.predictingPositions(in: example))
        }
        let targets = examples.flatMap { $0.tokens[$0.promptLength...] }
        var values = [Double](repeating: 0, count: targets.count)
        let size = configuration.vocabularySize
        withExtendedLifetime(arena) {
            let activations = Activations(configuration, batch, keeping: .nothing, logitRows: Decoder.logitRows, in: arena)
            hiddenStates(batch, activations)
            values.withUnsafeMutableBufferPointer { values in
                forEachLogits(batch, activations) { rows in
                    workers.forEachRange(rows.count, size: 4) { places in
                        for place in places {
                            let logits = activations.logits + place * size
                            let policy = TokenDistribution(logits, vocabularySize: size, temperature: temperature)
                            let row = rows.lowerBound + place
                            values[row] = policy.logProbability(of: targets[row])
                        }
                    }
                }
            }
        }
        return values
    }
}
