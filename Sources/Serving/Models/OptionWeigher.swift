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
    private let queue = DispatchQueue(label: "weighing")
    private let waiting = Mutex(0)

    init(_ model: InferenceModel, _ convention: AnswerConvention, workers: WorkerPool) {
        reader = Mutex(LikelihoodReader(model, workers: workers))
        self.convention = convention
        positions = model.model.configuration.maximumPositions
    }

    /// Calls `body` when it is its turn, with what scores options after a prompt.
    func wait(_ body: @escaping @Sendable (_ scores: Scores) -> Void) throws(APIError) {
        let isFull = waiting.withLock { waiting in
            guard waiting < Self.mostWaiting else { return true }
            waiting += 1
            return false
        }
        guard !isFull else {
            throw APIError.busy(
                "\(Self.mostWaiting) questions wait already; ask again later", retryAfter: 1, code: "queue_full")
        }
        queue.async { [self] in
            body(Scores(weigher: self))
            waiting.withLock { $0 -= 1 }
        }
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
