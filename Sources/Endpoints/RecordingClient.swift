import BuildModel
import Foundation
import HTTP
import Store
import Synchronization

/// Answers questions from what is recorded in the store, and asks the servers for the rest, each question once.
///
/// One value serves one build: budgets are counted in it.
package final class RecordingClient: Sendable {
    private let store: Store
    private let keys: EndpointKeys
    private let backoff: Backoff
    private let budgets = Mutex<[EndpointAccess: Budget]>([:])

    package init(store: Store, keys: EndpointKeys, backoff: Backoff = Backoff()) {
        (self.store, self.keys, self.backoff) = (store, keys, backoff)
    }

    /// Answers a file of questions, a request's body a line, with a file of exchanges in the same order.
    package func answer(
        _ questions: URL, at access: EndpointAccess, into answers: URL,
        onProgress: @escaping @Sendable (StageProgress) -> Void = { _ in }, onWait: @escaping @Sendable () -> Void = {}
    ) async throws {
        let content = try Data(contentsOf: questions)
        var read: [ChatQuestion] = []
        for (index, line) in [UInt8](content).split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let question = ChatQuestion(body: line) else {
                throw EndpointError("the stage's questions cannot be read in line \(index + 1)")
            }
            read.append(question)
        }
        let exchanges = try await self.answers(to: read, at: access, onProgress: onProgress, onWait: onWait)
        var bytes: [UInt8] = []
        for exchange in exchanges { bytes += exchange.json.canonicalBytes + [UInt8(ascii: "\n")] }
        try Data(bytes).write(to: answers)
    }

    /// The answers in the order of the questions.
    ///
    /// - Throws: `EndpointError` where one cannot be had, `StoreError` where one cannot be recorded, `CancellationError`. What
    ///   was answered before is recorded, whatever is thrown.
    package func answers(
        to questions: [ChatQuestion], at access: EndpointAccess,
        onProgress: @escaping @Sendable (StageProgress) -> Void = { _ in }, onWait: @escaping @Sendable () -> Void = {}
    ) async throws -> [ChatExchange] {
        var found: [Digest: ChatExchange] = [:]
        for (model, asked) in Dictionary(grouping: questions, by: \.model).sorted(by: { $0.key < $1.key }) {
            var seen: Set<Digest> = []
            let distinct = asked.filter { seen.insert($0.key).inserted }
            // Who owns the journal is the only one to ask this model: no question is asked twice.
            let journal = try await store.recording(of: model, onWait: onWait)
            let recorded = try RecordedAnswers(to: seen, in: journal)
            try recorded.takeUp(seen, from: store)
            let missing = distinct.filter { recorded[$0.key] == nil }
            if !missing.isEmpty {
                let server = try ChatServer(
                    access, key: keys.key(for: access), settings: NetworkSettings(git: store.gitConfiguration.pairs))
                let batch = RequestBatch(
                    server: server, recorded: recorded, budget: budget(of: access), backoff: backoff, access: access,
                    total: distinct.count, onProgress: onProgress)
                try await batch.ask(missing)
            }
            for key in seen { found[key] = recorded[key] }
        }
        return questions.compactMap { found[$0.key] }
    }

    private func budget(of access: EndpointAccess) -> Budget {
        budgets.withLock { budgets in
            if let known = budgets[access] { return known }
            let new = Budget(access)
            budgets[access] = new
            return new
        }
    }
}

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
