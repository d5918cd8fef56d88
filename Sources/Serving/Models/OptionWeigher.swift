import Engine
import Foundation
import Synchronization

/// Weighs answers with one model, one question after the other.
final class OptionWeigher: Sendable {
    /// Questions that may wait.
    private static let mostWaiting = 64

    private let reader: Mutex<LikelihoodReader>
    private let convention: AnswerConvention
    private let positions: Int
    private let line = WaitingLine(label: "weighing", most: OptionWeigher.mostWaiting)

    init(_ model: InferenceModel, _ convention: AnswerConvention, workers: WorkerPool) {
        reader = Mutex(LikelihoodReader(model, workers: workers))
        self.convention = convention
        positions = model.model.configuration.maximumPositions
    }

    /// Calls `body` when it is its turn, with what scores options after a prompt.
    func wait(_ body: @escaping @Sendable (_ scores: Scores) -> Void) throws(APIError) {
        try line.enter { [self] in body(Scores(weigher: self)) }
    }

    struct Scores: Sendable {
        fileprivate let weigher: OptionWeigher

        func callAsFunction(of options: [String], after prompt: [Int32]) throws -> [ScoredOption] {
            try weigher.reader.withLock { reader in
                try weigher.convention.scores(of: options, after: prompt, by: reader, positions: weigher.positions)
            }
        }
    }
}

/// Work that is done piece by piece, of which no more than so much may wait.
private final class WaitingLine: Sendable {
    private let queue: DispatchQueue
    private let waiting = Mutex(0)
    private let most: Int

    init(label: String, most: Int) {
        queue = DispatchQueue(label: label)
        self.most = most
    }

    func enter(_ body: @escaping @Sendable () -> Void) throws(APIError) {
        let isFull = waiting.withLock { waiting in
            guard waiting < most else { return true }
            waiting += 1
            return false
        }
        guard !isFull else {
            throw APIError.busy("\(most) questions wait already; ask again later", retryAfter: 1, code: "queue_full")
        }
        queue.async { [self] in
            body()
            waiting.withLock { $0 -= 1 }
        }
    }
}
