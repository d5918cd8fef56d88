import CKernels

/// The questions of one group, and how far they are read.
///
/// The tokens of all questions form a tree, which is read depth first: in the order of the tokens. Each sequence then shares
/// with the one before it all that it shares with any. At each place that is read, the probabilities of all tokens are taken
/// that some question has there.
struct LikelihoodReading {
    /// A token whose probability is asked at a place.
    private struct Target {
        let token: Int32
        /// Its place among the continuations of all questions.
        let place: Int
    }

    /// Distinct inputs of questions, in the order of their tokens.
    private let sequences: [[Int32]]
    /// For each sequence, the targets at its positions that no sequence before it has.
    private var targets: [[Int: [Target]]]
    /// Where the continuation of each question starts among those of all, and where the last one ends.
    private var offsets = [0]

    private var head = SharedHead()
    /// The sequence that is read next, with its blocks where some of it was read.
    private var current = 0
    private var open: (blocks: [Int], read: Int, copy: BlockCopy?)?

    private var logProbabilities: [Double]
    private var areGreedy: [Bool]

    init(_ questions: [LikelihoodQuestion]) {
        let order = questions.indices.sorted { questions[$0].input.lexicographicallyPrecedes(questions[$1].input) }
        for question in questions { offsets.append((offsets.last ?? 0) + question.continuation.count) }
        var sequences: [[Int32]] = []
        targets = []
        // The sequence that reads each position of the last one.
        var owners: [Int] = []
        for number in order {
            let (question, input) = (questions[number], Array(questions[number].input))
            if input != sequences.last {
                let common = zip(sequences.last ?? [], input).prefix { $0 == $1 }.count
                owners.replaceSubrange(common..., with: repeatElement(sequences.count, count: input.count - common))
                sequences.append(input)
                targets.append([:])
            }
            for (place, token) in question.continuation.enumerated() {
                let position = question.context.count - 1 + place
                targets[owners[position]][position, default: []].append(Target(token: token, place: offsets[number] + place))
            }
        }
        self.sequences = sequences
        logProbabilities = [Double](repeating: 0, count: offsets.last ?? 0)
        areGreedy = [Bool](repeating: false, count: offsets.last ?? 0)
    }

    /// For each question the sum of its log-probabilities, and 1 if all tokens are the most probable ones, else 0.
    var results: [[Double]] {
        zip(offsets, offsets.dropFirst()).map { start, end in
            [logProbabilities[start..<end].reduce(0, +), areGreedy[start..<end].allSatisfy(\.self) ? 1 : 0]
        }
    }

    /// Reads up to `limit` tokens.
    ///
    /// - Returns: `false` when nothing is left.
    mutating func advance(_ decoder: StepDecoder, tokens limit: Int) -> Bool {
        var batch = StepBatch()
        var asked: [[Target]] = []
        // What is given back when the step is done.
        var surplus: [Int] = []
        while current < sequences.count, batch.tokens.count < limit {
            let sequence = sequences[current]
            let (blocks, read, copy) = open ?? start(sequence, in: decoder.cache)
            let end = min(sequence.count, read + limit - batch.tokens.count)
            let first = targets[current].keys.min() ?? sequence.count
            let predicted = max(read, first)..<max(end, read, first)
            batch.append(
                sequence[read..<end], at: read, blocks: Array(blocks.prefix((end - 1) / CacheBlocks.tokens + 1)), copy: copy,
                predicting: predicted.count)
            asked += predicted.map { targets[current][$0] ?? [] }
            if let copy { surplus.append(copy.source) }
            if end == sequence.count {
                surplus += blocks
                (open, current) = (nil, current + 1)
            } else {
                open = (blocks, end, nil)
            }
        }
        guard !batch.tokens.isEmpty else {
            head.release(in: decoder.cache)
            return false
        }
        take(asked, from: decoder.read(batch), decoder)
        decoder.cache.release(surplus)
        return true
    }

    private mutating func start(_ sequence: [Int32], in cache: CacheBlocks) -> (blocks: [Int], read: Int, copy: BlockCopy?) {
        let (blocks, held, copy) = head.blocks(for: sequence, in: cache)
        return (blocks, held, copy)
    }

    /// Takes the targets' log-probabilities from logits [asked.count, V].
    private mutating func take(_ asked: [[Target]], from logits: UnsafeMutablePointer<Float>, _ decoder: StepDecoder) {
        let size = decoder.configuration.vocabularySize
        logProbabilities.withUnsafeMutableBufferPointer { logProbabilities in
            areGreedy.withUnsafeMutableBufferPointer { areGreedy in
                decoder.workers.forEach(asked.count) { row in
                    guard !asked[row].isEmpty else { return }
                    let logits = logits + row * size
                    let best = decant_largest_place(logits, size)
                    let logSum = LogitSum.logarithm(logits, largest: logits[best], count: size)
                    for target in asked[row] {
                        logProbabilities[target.place] = Double(logits[Int(target.token)]) - logSum
                        areGreedy[target.place] = best == Int(target.token)
                    }
                }
            }
        }
    }
}
