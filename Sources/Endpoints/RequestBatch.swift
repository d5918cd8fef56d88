import BuildModel
import Foundation
import HTTP
import Synchronization

/// Sends the missing questions to a server, a few at a time, and records each answer as it comes.
final class RequestBatch: Sendable {
    private let server: ChatServer
    private let recorded: RecordedAnswers
    private let budget: Budget
    private let backoff: Backoff
    private let access: EndpointAccess
    /// Answers that are wanted, the recorded ones among them.
    private let total: Int
    private let onProgress: @Sendable (StageProgress) -> Void
    private let state = Mutex(State())

    private struct State {
        var next = 0
        /// No request is sent before this time.
        var pause = ContinuousClock.now
        /// Ends the batch; requests on their way are finished.
        var failure: (any Error)?
    }

    /// Seconds that answers on their way have once the task is cancelled.
    private static let patience = 1.2

    init(
        server: ChatServer, recorded: RecordedAnswers, budget: Budget, backoff: Backoff, access: EndpointAccess, total: Int,
        onProgress: @escaping @Sendable (StageProgress) -> Void
    ) {
        (self.server, self.recorded, self.budget, self.backoff) = (server, recorded, budget, backoff)
        (self.access, self.total, self.onProgress) = (access, total, onProgress)
    }

    func ask(_ questions: [ChatQuestion]) async throws {
        report()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<min(access.concurrency, questions.count) {
                group.addTask {
                    while let question = self.next(of: questions) {
                        do {
                            try await self.ask(question)
                            self.report()
                        } catch {
                            self.fail(error)
                        }
                    }
                }
            }
        }
        if let failure = state.withLock({ $0.failure }) {
            guard let failure = failure as? OverBudget else { throw failure }
            let answered = recorded.count
            throw EndpointError(
                "the budget '\(failure.limit)' is used up by \(budget.asked) questions of this build; \(answered) of "
                    + "\(total) answers are recorded, \(total - answered) are missing. Build again, or raise the limit, and only these are asked"
            )
        }
        try Task.checkCancellation()
    }

    /// The next question; `nil` where there is none, or where no more are to be asked.
    private func next(of questions: [ChatQuestion]) -> ChatQuestion? {
        guard !Task.isCancelled else { return nil }
        let question = state.withLock { state -> ChatQuestion? in
            guard state.failure == nil, state.next < questions.count else { return nil }
            state.next += 1
            return questions[state.next - 1]
        }
        guard let question else { return nil }
        guard let limit = budget.begin() else { return question }
        fail(OverBudget(limit: limit))
        return nil
    }

    private func fail(_ error: any Error) {
        state.withLock { state in
            // A refusal says more than a budget that ran out beside it.
            if state.failure == nil || state.failure is OverBudget { state.failure = error }
        }
    }

    private func report() {
        var readings = ["asked": Double(budget.asked)]
        if access.price.prompt > 0 || access.price.answer > 0 { readings["cost"] = budget.cost }
        onProgress(StageProgress(done: recorded.count, total: total, unit: "request", readings: readings))
    }

    /// Asks until there is an answer, which is recorded, or until the attempts are used up.
    private func ask(_ question: ChatQuestion) async throws {
        var exchange: ChatExchange?
        defer { budget.end(question, exchange) }
        for attempt in 1...access.retries + 1 {
            try await waitForServer()
            switch try await attemptAnswer(to: question) {
            case .answered(let answer):
                exchange = answer
                return
            case .refused(let error):
                throw error
            case .failed(let reason, let wait):
                guard attempt <= access.retries else {
                    throw EndpointError(
                        "\(server.label) gave no answer in \(attempt) attempts: \(reason); what was answered is "
                            + "recorded, build again to go on")
                }
                if let wait { pause(until: .now + .seconds(wait)) }
                try await rest(until: .now + .seconds(backoff.seconds(after: attempt, asking: question.key)))
            }
        }
    }

    /// One attempt on its own thread. The thread records the answer even if the task was cancelled meanwhile.
    private func attemptAnswer(to question: ChatQuestion) async throws -> ChatServer.Reply {
        let (replies, reply) = AsyncThrowingStream<ChatServer.Reply, any Error>.makeStream()
        // A task of its own: to be cancelled ends no waiting before its time.
        let first = Task {
            for try await reply in replies { return reply }
            throw CancellationError()
        }
        Thread.detachNewThread { [server, recorded] in
            do {
                let answer = server.ask(question)
                if case .answered(let exchange) = answer { try recorded.record(exchange) }
                reply.yield(answer)
                reply.finish()
            } catch {
                reply.finish(throwing: error)
            }
        }
        return try await withTaskCancellationHandler {
            try await first.value
        } onCancel: {
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { reply.finish(throwing: CancellationError()) }
        }
    }

    private func pause(until instant: ContinuousClock.Instant) { state.withLock { $0.pause = max($0.pause, instant) } }

    private func waitForServer() async throws {
        while case let pause = state.withLock({ $0.pause }), pause > .now { try await rest(until: pause) }
    }

    /// Sleeps, unless a failure of another question ends the asking meanwhile.
    private func rest(until instant: ContinuousClock.Instant) async throws {
        while ContinuousClock.now < instant {
            if let failure = state.withLock({ $0.failure }) { throw failure }
            try await Task.sleep(until: min(instant, .now + .milliseconds(200)))
        }
    }
}

extension Backoff {
    /// The share is the question's own: nothing of it is random.
    func seconds(after attempt: Int, asking question: Digest) -> Double {
        let bytes = Digest(hashing: "\(question.hex)/\(attempt)").bytes
        return seconds(after: attempt, share: Double(UInt16(bytes[0]) << 8 | UInt16(bytes[1])) / 65536)
    }
}

/// A limit of the recipe that is reached.
private struct OverBudget: Error {
    var limit: String
}
