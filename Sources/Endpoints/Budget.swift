import BuildModel
import Synchronization

/// What one build has asked anew of a server, and what that cost.
final class Budget: Sendable {
    private struct Count {
        /// Questions that were begun.
        var asked = 0
        var open = 0
        /// Money.
        var cost = 0.0
        /// Of the dearest answer so far.
        var dearest = 0.0
    }

    private let access: EndpointAccess
    private let count = Mutex(Count())

    init(_ access: EndpointAccess) { self.access = access }

    var asked: Int { count.withLock { $0.asked } }
    var cost: Double { count.withLock { $0.cost } }

    /// Begins a question.
    ///
    /// - Returns: the limit that it would break, as the recipe has it. Questions that are open count as much as the dearest
    ///   answer so far.
    func begin() -> String? {
        count.withLock { count in
            if let most = access.maxRequests, count.asked >= most { return "max_requests: \(most)" }
            if let most = access.maxCost, count.cost + Double(count.open) * count.dearest >= most {
                return "max_cost: \(most)"
            }
            count.asked += 1
            count.open += 1
            return nil
        }
    }

    /// Ends a question.
    func end(_ question: ChatQuestion, _ exchange: ChatExchange?) {
        let cost = exchange.map { self.cost(of: $0, to: question) } ?? 0
        count.withLock { count in
            count.open -= 1
            count.cost += cost
            count.dearest = max(count.dearest, cost)
        }
    }

    /// Where the server counts no tokens, every byte counts as one.
    private func cost(of exchange: ChatExchange, to question: ChatQuestion) -> Double {
        let tokens = exchange.usage ?? (question.body.count, exchange.answer.canonicalBytes.count)
        return (Double(tokens.prompt) * access.price.prompt + Double(tokens.answer) * access.price.answer) / 1e6
    }
}
