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
        let decoder = decoder(positions: examples.map(\.tokens.count).max() ?? 1, workers: workers)
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
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: Decoder.logitRows, in: arena)
            decoder.hiddenStates(batch, activations)
            var captured = TeacherLogits(k: k, topTokens: [], topLogits: [], logSumExp: [])
            decoder.forEachLogits(batch, activations) { rows in
                captured.append(activations.logits, positions: rows.count, vocabularySize: vocabularySize)
            }
            var position = 0
            return examples.map { example in
                defer { position += example.responseLength }
                return captured.positions(position..<position + example.responseLength)
            }
        }
    }
}

extension TeacherLogits {
    fileprivate func positions(_ range: Range<Int>) -> TeacherLogits {
        let entries = range.lowerBound * k..<range.upperBound * k
        return TeacherLogits(
            k: k, topTokens: Array(topTokens[entries]), topLogits: Array(topLogits[entries]),
            logSumExp: Array(logSumExp[range]))
    }

    /// Logits [positions, V], which are used up.
    fileprivate mutating func append(_ logits: UnsafeMutablePointer<Float>, positions: Int, vocabularySize: Int) {
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
