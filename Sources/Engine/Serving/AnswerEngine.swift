/// Answers requests while others come: one thread owns the model, the cache and the answers in progress.
///
/// An answer has the bytes that `Generator` gives its prompt alone, whatever else the engine does at the time. Listeners are called
/// on the engine's thread, between two steps: they must return at once, and must not wait for the engine.
package final class AnswerEngine: Sendable {
    private let model: InferenceModel
    private let queue: AnswerQueue
    private let status: EngineStatus
    private let thread: EngineThread

    /// Packs the model's weights and starts the thread.
    package init(_ model: InferenceModel, workers: WorkerPool, limits: EngineLimits = EngineLimits()) {
        let (queue, status) = (AnswerQueue(limit: limits.waiting), EngineStatus())
        // The thread alone uses them from here on.
        nonisolated(unsafe) let weights = InferenceWeights(model, workers: workers)
        (self.model, self.queue, self.status) = (model, queue, status)
        thread = EngineThread {
            var loop = ServingLoop(weights, model.keyValues, workers: workers, limits: limits, queue: queue, status: status)
            loop.run()
        }
        // Without its thread, the engine takes nothing.
        if !thread.hasStarted { queue.close() }
    }

    deinit { close() }

    /// Takes a request.
    ///
    /// - Throws: why it is not taken.
    package func submit(
        _ request: AnswerRequest, onEvent: @escaping @Sendable (AnswerEvent) -> Void
    ) throws(AnswerRefusal) -> AnswerTicket {
        try queue.add(try request.checked(for: model), onEvent)
    }

    /// Gives up a request: within a step its place and its memory are free. Events may come until then.
    package func cancel(_ ticket: AnswerTicket) { queue.cancel(ticket) }

    /// Takes no more requests; returns when all have ended.
    package func drain() { queue.drain() }

    /// Ends the thread after its step; requests that have not ended fail, and others are refused.
    package func close() {
        queue.close()
        thread.join()
    }

    package var figures: EngineFigures {
        var figures = status.figures
        figures.waiting += queue.waitingCount
        figures.cancelled += queue.withdrawnCount
        return figures
    }
}
