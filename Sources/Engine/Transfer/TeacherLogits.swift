import CKernels

/// A teacher's k largest logits at every position of a response or of a whole sequence.
package struct TeacherLogits: Hashable, Sendable {
    package var k: Int
    /// [positions, k], by falling logit; equal logits by rising token.
    package var topTokens: [Int32]
    /// [positions, k]
    package var topLogits: [Float]
    /// [positions]: log-sum-exp over the whole vocabulary; e^(logit − this) is a stored token's probability.
    package var logSumExp: [Float]
    /// [positions]: ln of the total probability of all other tokens; −∞ where there are none.
    ///
    /// It is stored because 1 − the stored tokens' probabilities would be lost to rounding.
    package var logRest: [Float]

    package init(k: Int, topTokens: [Int32], topLogits: [Float], logSumExp: [Float], logRest: [Float]) {
        (self.k, self.topTokens, self.topLogits, self.logSumExp, self.logRest) = (k, topTokens, topLogits, logSumExp, logRest)
    }

    package var positionCount: Int { logSumExp.count }

    /// Whether the sizes of the arrays agree.
    var isWhole: Bool {
        topTokens.count == positionCount * k && topLogits.count == topTokens.count && logRest.count == positionCount
    }

    /// The index of a target among the positions.
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

    /// Appends logits [positions, rowLength], which it overwrites; those of a row beyond the vocabulary are left out.
    mutating func append(
        _ logits: UnsafeMutablePointer<Float>, positions: Int, vocabularySize: Int, rowLength: Int? = nil
    ) {
        for position in 0..<positions {
            let row = logits + position * (rowLength ?? vocabularySize)
            let top = largestPlaces(k, among: 0..<vocabularySize) { row[$0] }
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
}

/// Reads sequences with a teacher and keeps its largest logits; the weights are laid out once for several calls.
package final class LogitsCapture {
    private let model: InferenceModel
    private let decoder: Decoder
    private let workers: WorkerPool

    /// Examples that are read together; no result depends on it.
    private static let groupSize = 16

    /// - Parameter longest: largest number of tokens of an example.
    package init(_ model: InferenceModel, longest: Int, workers: WorkerPool) {
        (self.model, self.workers) = (model, workers)
        decoder = model.decoder(positions: longest, workers: workers)
    }

    /// The k largest logits, the log-sum-exp and the rest at every position of the span of every example.
    ///
    /// k is cut to the number of the model's tokens.
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
        let k = min(max(1, k), model.model.configuration.tokenCount)
        let captured = try workers.results(examples.count, size: Self.groupSize, checkpoint: checkpoint) {
            read(examples[$0], k: k, span)
        }
        guard zip(captured, examples).allSatisfy({ $0.k == k && $0.positionCount == span.positions(in: $1).count }) else {
            throw GenerationError("The logits to go on from are of other examples.")
        }
        return captured
    }

    /// The logits of one group, from one pass over all its tokens; those with which examples begin alike are read once.
    private func read(_ examples: ArraySlice<TrainingExample>, k: Int, _ span: TokenSpan) -> [TeacherLogits] {
        let configuration = decoder.configuration
        let batch = PackedBatch(examples, predicting: span, sharing: true)
        var captured = TeacherLogits(k: k)
        decoder.forEachLogits(of: batch) { rows, logits in
            captured.append(
                logits, positions: rows.count, vocabularySize: configuration.tokenCount, rowLength: configuration.vocabularySize
            )
        }
        var position = 0
        return examples.map { example in
            let count = span.positions(in: example).count
            defer { position += count }
            return captured.positions(position..<position + count)
        }
    }
}

extension InferenceModel {
    /// The k largest logits at every position of the span of every example; see `LogitsCapture`.
    package func captureLogits(
        _ examples: [TrainingExample], k: Int, of span: TokenSpan = .response, workers: WorkerPool,
        checkpoint: ResultCheckpoint<TeacherLogits> = .none
    ) throws -> [TeacherLogits] {
        // `capture` refuses lengths beyond the model's limit.
        let longest = min(examples.map(\.tokens.count).max() ?? 1, model.configuration.maximumPositions)
        return try LogitsCapture(self, longest: max(1, longest), workers: workers)
            .capture(examples, k: k, of: span, checkpoint: checkpoint)
    }
}
