import CKernels

/// A teacher's k largest logits at every position that is learned from: a response's, or a whole sequence's.
package struct TeacherLogits: Hashable, Sendable {
    package var k: Int
    /// [positions, k], by falling logit, equal ones by rising token.
    package var topTokens: [Int32]
    /// [positions, k]
    package var topLogits: [Float]
    /// [positions]: over the whole vocabulary; e^(logit − this) is a stored token's probability.
    package var logSumExp: [Float]
    /// [positions]: ln of the probability of all other tokens together; −∞ where there are none. One minus the stored tokens'
    /// probabilities would be lost in their rounding.
    package var logRest: [Float]

    package init(k: Int, topTokens: [Int32], topLogits: [Float], logSumExp: [Float], logRest: [Float]) {
        self.k = k
        self.topTokens = topTokens
        self.topLogits = topLogits
        self.logSumExp = logSumExp
        self.logRest = logRest
    }

    package var positionCount: Int { logSumExp.count }

    /// Whether the arrays fit each other.
    var isWhole: Bool {
        topTokens.count == positionCount * k && topLogits.count == topTokens.count && logRest.count == positionCount
    }

    /// The place of a target among the positions.
    func place(of target: LossTarget) -> Int { positionCount - target.example.responseLength + target.position }
}

extension TeacherLogits {
    init(k: Int) { self.init(k: k, topTokens: [], topLogits: [], logSumExp: [], logRest: []) }

    func positions(_ range: Range<Int>) -> TeacherLogits {
        let entries = range.lowerBound * k..<range.upperBound * k
        return TeacherLogits(
            k: k, topTokens: Array(topTokens[entries]), topLogits: Array(topLogits[entries]),
            logSumExp: Array(logSumExp[range]), logRest: Array(logRest[range]))
    }

    /// Logits [positions, V], which are used up.
    mutating func append(_ logits: UnsafeMutablePointer<Float>, positions: Int, vocabularySize: Int) {
        for position in 0..<positions {
            let row = logits + position * vocabularySize
            let top = TeacherLogits.largest(k, of: row, vocabularySize)
            let kept = top.map { row[$0] }
            let largest = kept.first ?? 0
            let inside = kept.reduce(0.0) { $0 + PortableMath.exp(Double($1 - largest)) }
            for place in top { row[place] = -.infinity }
            let others = k < vocabularySize ? Double(decant_sum_of_exponentials(row, largest, 1, vocabularySize)) : 0
            let logSum = PortableMath.log(inside + others)
            topTokens.append(contentsOf: top.map(Int32.init))
            topLogits.append(contentsOf: kept)
            logSumExp.append(Float(Double(largest) + logSum))
            logRest.append(Float(PortableMath.log(others) - logSum))
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

/// Reads sequences with a teacher and keeps its largest logits; the weights are laid out once for several calls.
package final class LogitsCapture {
    private let model: InferenceModel
    private let decoder: Decoder
    private let workers: WorkerPool

    /// Examples that are read together. No result depends on it.
    private static let groupSize = 16

    /// - Parameter longest: tokens of an example, at most.
    package init(_ model: InferenceModel, longest: Int, workers: WorkerPool) {
        self.model = model
        self.workers = workers
        decoder = model.decoder(positions: longest, workers: workers)
    }

    /// The k largest logits, the log-sum-exp and the rest at every position of the span of every example.
    ///
    /// k is cut to the size of the vocabulary.
    /// - Throws: `GenerationError` when an example is too long, holds an unknown token, or has no prompt or no response;
    ///   what `checkpoint` throws.
    package func capture(
        _ examples: [TrainingExample], k: Int, of span: TokenSpan = .response,
        checkpoint: ResultCheckpoint<TeacherLogits> = .none
    ) throws -> [TeacherLogits] {
        for (index, example) in examples.enumerated() {
            try model.check(example.tokens, index: index)
            if example.promptLength < 1 || example.promptLength >= example.tokens.count {
                throw GenerationError("Sequence \(index + 1) needs both a prompt and a response.")
            }
        }
        let k = min(max(1, k), model.model.configuration.vocabularySize)
        let captured = try workers.results(examples.count, size: Self.groupSize, checkpoint: checkpoint) {
            read(examples[$0], k: k, span)
        }
        guard zip(captured, examples).allSatisfy({ $0.k == k && $0.positionCount == span.positions(in: $1).count }) else {
            throw GenerationError("The logits to go on from are of other examples.")
        }
        return captured
    }

    /// One group's logits, from one pass over all its tokens.
    private func read(_ examples: ArraySlice<TrainingExample>, k: Int, _ span: TokenSpan) -> [TeacherLogits] {
        let vocabularySize = decoder.configuration.vocabularySize
        var batch = PackedBatch()
        for example in examples { batch.append(example.tokens, predicting: span.predictingPositions(in: example)) }
        let arena = Arena()
        return withExtendedLifetime(arena) {
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: Decoder.logitRows, in: arena)
            decoder.hiddenStates(batch, activations)
            var captured = TeacherLogits(k: k)
            decoder.forEachLogits(batch, activations) { rows in
                captured.append(activations.logits, positions: rows.count, vocabularySize: vocabularySize)
            }
            var position = 0
            return examples.map { example in
                let count = span.positions(in: example).count
                defer { position += count }
                return captured.positions(position..<position + count)
            }
        }
    }
}

extension InferenceModel {
    /// The k largest logits at every position of the span of every example; see `LogitsCapture`.
    package func captureLogits(
        _ examples: [TrainingExample], k: Int, of span: TokenSpan = .response, workers: WorkerPool,
        checkpoint: ResultCheckpoint<TeacherLogits> = .none
    ) throws -> [TeacherLogits] {
        // A length beyond the model's limit is refused there.
        let longest = min(examples.map(\.tokens.count).max() ?? 1, model.configuration.maximumPositions)
        return try LogitsCapture(self, longest: max(1, longest), workers: workers)
            .capture(examples, k: k, of: span, checkpoint: checkpoint)
    }
}
