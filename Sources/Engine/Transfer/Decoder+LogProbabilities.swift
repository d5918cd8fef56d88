import CKernels

extension Decoder {
    /// Σ ln p of each example's response tokens, in double precision over float32 logits.
    func responseLogProbabilities(_ examples: [TrainingExample]) -> [Double] {
        let arena = Arena()
        return MicroBatches.cut(lengths: examples.map(\.tokens.count)).flatMap { range in
            let tokens = tokenLogProbabilities(examples[range], arena)
            var position = 0
            return examples[range].map { example in
                defer { position += example.responseLength }
                return tokens[position..<position + example.responseLength].reduce(0, +)
            }
        }
    }

    /// ln p of the response tokens of all examples, one behind the other.
    private func tokenLogProbabilities(_ examples: ArraySlice<TrainingExample>, _ arena: Arena) -> [Double] {
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
                            let largest = decant_largest(logits, size)
                            let sum = Double(decant_sum_of_exponentials(logits, largest, 1, size))
                            let shift = Double(logits[Int(targets[rows.lowerBound + place])] - largest)
                            values[rows.lowerBound + place] = shift - PortableMath.log(sum)
                        }
                    }
                }
            }
        }
        return values
    }
}
