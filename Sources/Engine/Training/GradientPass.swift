/// Forward and backward through micro-batches, one after the other: the sum of their gradients, in one buffer.
final class GradientPass {
    let gradient: FloatBuffer
    private let adapters: Gradients.Adapters?
    private let retention: Activations.Retention
    private let arena = Arena()
    /// Tokens that went forward and backward so far; those that rows shared count once.
    private(set) var computedTokens = 0

    /// - Parameters:
    ///   - parameterCount: of what is trained.
    ///   - adapters: these alone are trained, where they are.
    ///   - retention: what of the activations is kept for the backward pass; no bit depends on it.
    init(parameterCount: Int, adapters: Gradients.Adapters? = nil, keeping retention: Activations.Retention) {
        gradient = FloatBuffer(count: parameterCount)
        (self.adapters, self.retention) = (adapters, retention)
    }

    /// The gradient of `scale`·Σ weight·loss over the examples' tokens replaces or is added to `gradient`.
    ///
    /// - Parameters:
    ///   - places: of the examples among the step's rows; by default their own order.
    ///   - sharing: whether tokens with which examples begin alike are computed once.
    /// - Returns: Σ weight·loss.
    func run(
        _ examples: [TrainingExample], places: [Int]? = nil, sharing: Bool = false, decoder: Decoder, loss: some ResponseLoss,
        weights: PositionWeights = .responses, scale: Float, _ accumulation: MatrixMultiply.Accumulation
    ) -> Double {
        let batch = PackedBatch(examples, predicting: weights.span, sharing: sharing)
        computedTokens += batch.tokens.count
        let targets = zip(examples, places ?? Array(examples.indices)).flatMap { example, place in
            weights.span.positions(in: example).map { LossTarget(example: example, position: $0, row: place) }
        }
        let gradients = Gradients(base: gradient.base, adapters: adapters, accumulation: accumulation)
        var losses = [Double](repeating: 0, count: targets.count)
        let (rowLength, tokens) = (decoder.configuration.vocabularySize, decoder.configuration.tokenCount)
        let stretches = LossStretches(targets, of: loss)
        withExtendedLifetime(arena) {
            let activations = Activations(
                decoder.configuration, batch, keeping: retention, logitRows: max(Decoder.logitRows, stretches.longest),
                in: arena)
            decoder.hiddenStates(batch, activations)
            losses.withUnsafeMutableBufferPointer { losses in
                decoder.forEachLogits(batch, activations, in: stretches.blocks(of: Decoder.logitRows)) { rows in
                    stretches.forEach(in: rows, on: decoder.workers) { stretch in
                        let logits = LogitRows(
                            base: activations.logits + (stretch.lowerBound - rows.lowerBound) * rowLength,
                            rowLength: rowLength, vocabularySize: tokens)
                        // Those of a stretch weigh the same: only a token alone may be the prompt's.
                        let weight = weights.weight(at: targets[stretch.lowerBound].position)
                        let value = loss.replaceByGradients(logits, targets: targets[stretch], scale: scale * Float(weight))
                        logits.clearPadding(rows: stretch.count)
                        losses[stretch.lowerBound] = weight * value
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

/// How a step's rows are cut into passes, which go one after the other. The cut depends on the rows alone, never on the
/// number of threads; as sums are cut with it, it is part of the result.
enum MicroBatches {
    /// Tokens of a micro-batch, unless one row alone has more.
    static let tokenBudget = 2048

    /// Consecutive ranges of rows with about equal numbers of tokens; none is empty.
    static func cut(lengths: [Int]) -> [Range<Int>] {
        let total = lengths.reduce(0, +)
        let count = max(1, (total + tokenBudget - 1) / tokenBudget)
        var ranges: [Range<Int>] = []
        var row = 0
        var tokens = 0
        for batch in 1...count {
            let first = row
            // A row belongs to the micro-batch in which its middle lies.
            while row < lengths.count, batch == count || (2 * tokens + lengths[row]) * count < 2 * batch * total {
                tokens += lengths[row]
                row += 1
            }
            if row > first { ranges.append(first..<row) }
        }
        return ranges
    }

    /// The places of the rows of each pass, where tokens with which rows begin alike are computed once: rows go in the order of
    /// their tokens, so that those that begin alike are neighbours. A pass computes at most twice the budget, unless one row
    /// alone has more: beside a prefix there is room for as many tokens as without. Where no rows share anything, the cut is that
    /// of `cut`, and the order stays.
    static func sharing(_ rows: [TrainingExample], predicting span: TokenSpan) -> [[Int]] {
        let order = rows.indices.sorted { left, right in
            let (a, b) = (rows[left].tokens, rows[right].tokens)
            return a == b ? left < right : a.lexicographicallyPrecedes(b)
        }
        // In this order no earlier row shares more with a row than the one before it does.
        let shared = order.indices.map { index -> Int in
            guard index > 0 else { return 0 }
            let row = rows[order[index]]
            let limit = span.predictingPositions(in: row).lowerBound
            let count = SharedStarts.common(rows[order[index - 1]].tokens, row.tokens, upTo: limit)
            return count < SharedStarts.fewest ? 0 : count
        }
        if shared.allSatisfy({ $0 == 0 }) { return cut(lengths: rows.map(\.tokens.count)).map { Array($0) } }
        var passes: [[Int]] = []
        var computed = 0
        for (row, shared) in zip(order, shared) {
            let whole = rows[row].tokens.count
            if !passes.isEmpty, computed + whole - shared <= 2 * tokenBudget {
                passes[passes.count - 1].append(row)
                computed += whole - shared
            } else {
                passes.append([row])
                computed = whole
            }
        }
        return passes
    }
}

/// What a step walks down: a loss at every token of the responses.
package protocol ResponseLoss: Sendable {
    /// Share of the loss that is the mean over prompts' and responses' tokens alike; the rest is that over responses' tokens.
    var promptShare: Double { get }

    /// - Throws: when the loss itself makes no sense.
    func check() throws(TrainingError)

    /// Why an example cannot be trained on, as the end of a sentence that it begins; `nil` where it can.
    func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String?

    /// The places of a response whose losses hang together, as ranges that cover it in order; `nil` where each is alone.
    func stretches(of example: TrainingExample) -> [Range<Int>]?

    /// Logits [positions, V] of a stretch → their gradients times `scale`, in place; returns the sum of the losses.
    func replaceByGradients(_ logits: LogitRows, targets: ArraySlice<LossTarget>, scale: Float) -> Double
}

extension ResponseLoss {
    package var promptShare: Double { 0 }
    package func stretches(of example: TrainingExample) -> [Range<Int>]? { nil }
}

/// A loss at each token by itself.
protocol TokenLoss: ResponseLoss {
    /// Logits [V] at one position → their gradient times `scale`, in place; returns the loss.
    func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float
    ) -> Double
}

extension TokenLoss {
    package func replaceByGradients(_ logits: LogitRows, targets: ArraySlice<LossTarget>, scale: Float) -> Double {
        targets.enumerated().reduce(0) { sum, target in
            sum
                + replaceByGradient(
                    logits.row(target.offset), vocabularySize: logits.vocabularySize, target: target.element, scale: scale)
        }
    }
}

/// The place of a token to learn.
package struct LossTarget: Sendable {
    package let example: TrainingExample
    /// In the response, from 0; tokens of the prompt have negative places.
    package let position: Int
    /// The example's place among the step's rows.
    package let row: Int

    init(example: TrainingExample, position: Int, row: Int = 0) {
        (self.example, self.position, self.row) = (example, position, row)
    }

    var token: Int32 { example.tokens[example.promptLength + position] }
}
