import CanonicalJSON
import Engine
import Foundation
import Synchronization

/// What all requests of a server share: limits of time, the log, the figures, and the order in which answers are told.
final class Conduct: Sendable {
    let limits: ServingLimits
    let log: AccessLog
    let figures = ServerFigures()
    let open = OpenAnswerTable()
    private let queue = DispatchQueue(label: "answers")
    private let onEngineFailure: @Sendable (_ model: ServedModel, _ reason: String) -> Void

    init(
        _ limits: ServingLimits, log: AccessLog,
        onEngineFailure: @escaping @Sendable (_ model: ServedModel, _ reason: String) -> Void
    ) {
        (self.limits, self.log, self.onEngineFailure) = (limits, log, onEngineFailure)
        watchTime()
    }

    /// Seconds from one look at the answers in progress to the next.
    private static let interval = 0.25

    private func watchTime() {
        queue.asyncAfter(deadline: .now() + Self.interval) { [weak self] in
            guard let self else { return }
            open.check(limits)
            watchTime()
        }
    }

    /// Does something behind all that was told before, so that no engine waits for what is told.
    func later(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }

    /// Ends all answers in progress.
    func endAll(_ error: APIError) { queue.sync { open.fail(error) } }

    func engineFailed(_ model: ServedModel, _ reason: String) { onEngineFailure(model, reason) }
}

/// The answers in progress.
final class OpenAnswerTable: Sendable {
    private let answers = Mutex<[ObjectIdentifier: OpenAnswers]>([:])

    func add(_ answer: OpenAnswers) { answers.withLock { $0[ObjectIdentifier(answer)] = answer } }

    func remove(_ answer: OpenAnswers) { _ = answers.withLock { $0.removeValue(forKey: ObjectIdentifier(answer)) } }

    /// Ends those whose time is over.
    func check(_ limits: ServingLimits) {
        let now = MonotonicTime.now
        for answer in answers.withLock({ Array($0.values) }) { answer.check(limits, at: now) }
    }

    /// Ends all.
    func fail(_ error: APIError) {
        for answer in answers.withLock({ Array($0.values) }) { answer.fail(error) }
    }
}
