/// The sequences in progress, and the step that reads their tokens and chooses the next ones. A run over many prompts and a
/// server advance them alike.
///
/// What is chosen for a sequence depends on that sequence alone: not on the others, on the division into steps, on drafted
/// tokens or on threads.
struct RunningSequences {
    /// What all steps did so far.
    struct Counts {
        var steps = 0
        /// Drafted tokens, and those of them that were chosen.
        var drafted = 0
        var accepted = 0
    }

    /// Tokens that are drafted for all sequences in one step at most: each needs a row of logits.
    private static let draftedTokensPerStep = 64

    let decoder: StepDecoder
    private let places: Int
    /// Tokens of prompts, and of other known text, that are read in one step beside the last token of each sequence.
    private let promptTokensPerStep: Int
    /// Tokens that are drafted for a sequence in one step at most; 0 drafts none.
    private let draftedTokens: Int
    /// In the order in which they started.
    var growing: [GrowingSequence] = []
    private(set) var counts = Counts()

    init(_ decoder: StepDecoder, places: Int, promptTokensPerStep: Int, draftedTokens: Int = 0) {
        (self.decoder, self.places) = (decoder, max(1, places))
        (self.promptTokensPerStep, self.draftedTokens) = (max(1, promptTokensPerStep), max(0, draftedTokens))
    }

    /// What a step reads.
    private struct Step {
        /// Rows of logits that choose the next tokens of a sequence.
        struct Prediction {
            var place: Int
            /// Its first row among the predicted ones; a row for each drafted token follows.
            var row: Int
            var draft: [Int32]
        }

        var batch = StepBatch()
        var predictions: [Prediction] = []
        /// Number of drafted tokens.
        var drafted = 0
        /// Blocks that are copied in this step and are given back behind it.
        var copied: [Int] = []
    }

    /// Starts what the source gives, reads one token of every sequence and as many tokens of prompts as fit, and appends what
    /// is chosen.
    ///
    /// - Returns: whether there is any sequence. Those that ended remain until they are taken.
    mutating func advance(starting source: inout some SequenceSource) -> Bool {
        var step = Step()
        var left = promptTokensPerStep
        var place = 0
        // Later prompts share blocks of earlier ones: a prompt starts when the earlier ones are read, or are read in this step.
        while left > 0 {
            if place == growing.count, !start(from: &source) { break }
            readNext(of: place, into: &step, promptTokens: &left)
            place += 1
        }
        while place < growing.count {
            readNext(of: place, into: &step, promptTokens: &left)
            place += 1
        }
        guard !growing.isEmpty else { return false }
        if step.batch.tokens.isEmpty { return true }
        let logits = decoder.read(step.batch)
        decoder.cache.release(step.copied)
        choose(step.predictions, logits)
        counts.steps += 1
        counts.drafted += step.drafted
        return true
    }

    /// Starts the next sequence, where there is a free place.
    private mutating func start(from source: inout some SequenceSource) -> Bool {
        guard growing.count < places, let sequence = source.next(beside: growing, in: decoder.cache) else { return false }
        growing.append(sequence)
        return true
    }

    /// Adds what a sequence reads next: what is known of it and not read yet, as far as it fits, and a draft of what may follow.
    private mutating func readNext(of place: Int, into step: inout Step, promptTokens left: inout Int) {
        guard !growing[place].hasEnded else { return }
        let start = growing[place].read
        let unread = growing[place].tokens.count - start
        let count = unread == 1 ? 1 : min(unread, left)
        guard count > 0 else { return }
        if unread > 1 { left -= count }
        let isWhole = count == unread
        let others = max(step.batch.tokens.count, growing.count)
        let most = min(draftedTokens, Self.draftedTokensPerStep - step.drafted)
        let draft = isWhole ? growing[place].draft(upTo: most, beside: others) : []
        step.drafted += draft.count
        while growing[place].blocks.count * CacheBlocks.tokens < start + count + draft.count {
            growing[place].blocks.append(decoder.cache.take())
        }
        let copy = growing[place].copy
        if let copy { step.copied.append(copy.source) }
        if isWhole {
            step.predictions.append(Step.Prediction(place: place, row: step.batch.predictedRows.count, draft: draft))
        }
        step.batch.append(
            growing[place].tokens[start..<start + count] + draft, at: start, blocks: growing[place].blocks, copy: copy,
            predicting: isWhole ? 1 + draft.count : 0)
        growing[place].copy = nil
        growing[place].read += count
    }

    /// Chooses the tokens that follow the predicted rows.
    private mutating func choose(_ predictions: [Step.Prediction], _ logits: UnsafeMutablePointer<Float>) {
        let (size, workers) = (decoder.configuration.vocabularySize, decoder.workers)
        var accepted = [Int](repeating: 0, count: predictions.count)
        growing.withUnsafeMutableBufferPointer { growing in
            accepted.withUnsafeMutableBufferPointer { accepted in
                guard let growing = growing.baseAddress, let accepted = accepted.baseAddress else { return }
                workers.forEach(predictions.count) { number in
                    let prediction = predictions[number]
                    accepted[number] = growing[prediction.place].append(
                        from: logits + prediction.row * size, rowSize: size, draft: prediction.draft)
                }
            }
        }
        counts.accepted += accepted.reduce(0, +)
    }

    /// Removes the sequences that leave and frees their blocks.
    mutating func remove(where leaves: (GrowingSequence) -> Bool) -> [GrowingSequence] {
        let removed = growing.filter(leaves)
        if removed.isEmpty { return [] }
        for sequence in removed { decoder.cache.release(sequence.blocks) }
        growing.removeAll(where: leaves)
        return removed
    }

    /// Removes the sequences that ended and frees their blocks.
    mutating func takeEnded() -> [GrowingSequence] { remove(where: \.hasEnded) }
}

/// Gives the sequences that start, one after the other.
protocol SequenceSource {
    /// The next sequence with its blocks; `nil` where none starts now. One that has ended already needs no blocks.
    mutating func next(beside growing: [GrowingSequence], in cache: CacheBlocks) -> GrowingSequence?
}
