import Synchronization

/// What an engine's thread does: step by step it takes requests, advances all answers, and tells what became of them.
struct ServingLoop {
    private let queue: AnswerQueue
    private let status: EngineStatus
    private var admission: Admission
    private var running: RunningSequences
    private var figures = EngineFigures()

    init(
        _ weights: InferenceWeights, _ keyValues: CachePrecision, workers: WorkerPool, limits: EngineLimits, queue: AnswerQueue,
        status: EngineStatus
    ) {
        let configuration = weights.layout.configuration
        let cache = CacheBlocks(configuration, keyValues)
        let decoder = StepDecoder(weights, cache: cache, positions: configuration.maximumPositions, workers: workers)
        (self.queue, self.status) = (queue, status)
        admission = Admission(queue, configuration, limits: limits, blockBytes: cache.blockBytes)
        running = RunningSequences(
            decoder, places: limits.places, promptTokensPerStep: limits.promptTokensPerStep,
            draftedTokens: limits.draftedTokens)
        figures.blockBytes = cache.blockBytes
        publish()
    }

    /// Returns when the engine is closed; what has not ended then fails.
    mutating func run() {
        while queue.waitForWork(isBusy: !running.growing.isEmpty || admission.isWaiting) {
            leave(queue.takeCancelled())
            let cache = running.decoder.cache
            admission.makeRoom(for: running.growing, in: cache)
            _ = running.advance(starting: &admission)
            admission.share(&running.growing, in: cache)
            tell()
            let ended = end(running.takeEnded())
            publish()
            if ended > 0 { queue.finish(ended) }
        }
        fail("The engine was closed.")
    }

    /// Removes the answers of those who left.
    private mutating func leave(_ tickets: Set<AnswerTicket>) {
        if tickets.isEmpty { return }
        var count = admission.withdraw(tickets) ? 1 : 0
        for sequence in running.remove(where: { tickets.contains(AnswerTicket(id: $0.id)) }) {
            admission.open[sequence.id] = nil
            count += 1
        }
        figures.cancelled += count
        queue.finish(count)
    }

    /// Tells of the tokens that are certain.
    private mutating func tell() {
        for sequence in running.growing where !sequence.isBroken {
            guard let open = admission.open[sequence.id] else { continue }
            let settled = sequence.settledCount
            guard settled > open.told else { continue }
            admission.open[sequence.id]?.told = settled
            figures.tokensMade += settled - open.told
            open.onEvent(.tokens((open.told..<settled).map(sequence.servedToken)))
        }
    }

    /// Tells of the answers that ended, and of those that the model's weights spoil.
    ///
    /// - Returns: their number.
    private mutating func end(_ ended: [GrowingSequence]) -> Int {
        let broken = running.remove(where: \.isBroken)
        for sequence in ended + broken {
            guard let open = admission.open.removeValue(forKey: sequence.id) else { continue }
            if sequence.isBroken {
                figures.failed += 1
                open.onEvent(.failed("The model's logits are no numbers."))
            } else {
                figures.ended += 1
                open.onEvent(.ended(sequence.answer))
            }
        }
        return ended.count + broken.count
    }

    /// Fails all requests.
    private mutating func fail(_ reason: String) {
        var listeners = running.remove { _ in true }.compactMap { admission.open.removeValue(forKey: $0.id)?.onEvent }
        listeners += admission.takeAll().map(\.onEvent)
        figures.failed += listeners.count
        for onEvent in listeners { onEvent(.failed(reason)) }
        publish()
        queue.finish(listeners.count)
    }

    private mutating func publish() {
        let (cache, counts) = (running.decoder.cache, running.counts)
        (figures.waiting, figures.running) = (admission.isWaiting ? 1 : 0, running.growing.count)
        (figures.blocksHeld, figures.blocksShared) = (cache.runningCount, admission.prefixes.count)
        figures.blocksFree = max(0, admission.blockLimit - cache.heldCount)
        (figures.tokensRead, figures.cachedTokens) = (running.decoder.readTokens, admission.cachedTokens)
        (figures.steps, figures.draftedTokens, figures.acceptedTokens) = (counts.steps, counts.drafted, counts.accepted)
        status.update(figures)
    }
}

/// The figures of an engine as its thread last told them.
final class EngineStatus: Sendable {
    private let last = Mutex(EngineFigures())

    var figures: EngineFigures { last.withLock { $0 } }

    func update(_ figures: EngineFigures) { last.withLock { $0 = figures } }
}

extension GrowingSequence {
    /// A token of the answer as it is told of.
    fileprivate func servedToken(_ place: Int) -> ServedToken {
        ServedToken(
            token: answer.tokens[place],
            logProbability: answer.logProbabilities.indices.contains(place) ? answer.logProbabilities[place] : 0,
            alternatives: alternatives.indices.contains(place) ? alternatives[place] : [])
    }
}
