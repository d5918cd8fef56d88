import CKernels

extension InferenceModel {
    /// Examples that are read together. No result depends on it.
    private static let captureGroupSize = 16

    /// The k largest logits and the log-sum-exp at every response position of every example.
    ///
    /// k is cut to the size of the vocabulary.
    /// - Throws: `GenerationError` when an example is too long, holds an unknown token, or has no prompt or no response;
    ///   what `resumption` throws.
    public func captureLogits(
        _ examples: [TrainingExample], k: Int, workers: WorkerPool, resumption: Resumption<TeacherLogits> = .none
    ) throws -> [TeacherLogits] {
        for (index, example) in examples.enumerated() {
            try check(example.tokens, index: index)
            if example.promptLength < 1 || example.promptLength >= example.tokens.count {
                throw GenerationError("Sequence \(index + 1) needs both a prompt and a response.")
            }
        }
        let decoder = decoder(positions: examples.map(\.tokens.count).max() ?? 1)
        let k = min(max(1, k), model.configuration.vocabularySize)
        let captured = try workers.results(
            examples.count, size: InferenceModel.captureGroupSize, resumption: resumption
        ) { capture(examples[$0], k: k, with: decoder) }
        guard zip(captured, examples).allSatisfy({ $0.k == k && $0.positionCount == $1.responseLength }) else {
            throw GenerationError("The logits to go on from are of other examples.")
        }
        return captured
    }

    /// One group's logits, from one pass over all its tokens.
    private func capture(_ examples: ArraySlice<TrainingExample>, k: Int, with decoder: Decoder) -> [TeacherLogits] {
        let vocabularySize = decoder.configuration.vocabularySize
        var batch = PackedBatch()
        for example in examples { batch.append(example.tokens, predicting: example.predictingPositions) }
        let arena = Arena()
        return withExtendedLifetime(arena) {
            let activations = Activations(decoder.configuration, batch, in: arena)
            decoder.forward(batch, activations)
            var logits = activations.logits
            return examples.map { example in
                defer { logits += example.responseLength * vocabularySize }
                return TeacherLogits(logits, positions: example.responseLength, vocabularySize: vocabularySize, k: k)
            }
        }
    }
}

extension TeacherLogits {
    /// Logits [positions, V], which are used up.
    fileprivate init(_ logits: UnsafeMutablePointer<Float>, positions: Int, vocabularySize: Int, k: Int) {
        self.init(k: k, topTokens: [], topLogits: [], logSumExp: [])
        for position in 0..<positions {
            let row = logits + position * vocabularySize
            let top = TeacherLogits.largest(k, of: row, vocabularySize)
            topTokens.append(contentsOf: top.map(Int32.init))
            topLogits.append(contentsOf: top.map { row[$0] })
            let statistics = decant_softmax(row, row, 1, vocabularySize)
            logSumExp.append(Float(Double(statistics.largest) + PortableMath.log(Double(statistics.sum))))
        }
    }

    /// The places of the k largest values, by falling value, equal ones by rising place.
    private static func largest(_ k: Int, of row: UnsafeMutablePointer<Float>, _ count: Int) -> [Int] {
        var best: [Int] = []
        best.reserveCapacity(k + 1)
        for place in 0..<count {
            if best.count == k, row[place] <= row[best[k - 1]] { continue }
            var (low, high) = (0, best.count)
            while low < high {
                let middle = (low + high) / 2
                if row[best[middle]] >= row[place] { low = middle + 1 } else { high = middle }
            }
            best.insert(place, at: low)
            if best.count > k { best.removeLast() }
        }
        return best
    }
}
