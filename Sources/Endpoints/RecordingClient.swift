import BuildModel
import CanonicalJSON
import Foundation
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
        self.store = store
        self.keys = keys
        self.backoff = backoff
    }

    /// Answers a file of questions, a request's body a line, with a file of exchanges in the same order.
    package func answer(
        _ questions: URL, at access: EndpointAccess, into answers: URL,
        onProgress: @escaping @Sendable (StageProgress) -> Void = { _ in }, onWait: @escaping @Sendable () -> Void = {}
    ) async throws {
        let content = try Data(contentsOf: questions)
        var read: [ChatQuestion] = []
        for (index, line) in [UInt8](content).split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let question = ChatQuestion(body: line) else { throw EndpointError.badQuestion(line: index + 1) }
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
            let journal = try await store.awaitRecording(of: model, onWait: onWait)
            let recorded = try RecordedAnswers(to: seen, in: journal)
            try recorded.takeUp(seen, from: store)
            let missing = distinct.filter { recorded[$0.key] == nil }
            if !missing.isEmpty {
                let server = try ChatServer(access, key: keys.key(for: access))
                let interview = Interview(
                    server: server, recorded: recorded, budget: budget(of: access), backoff: backoff, access: access,
                    total: distinct.count, onProgress: onProgress)
                try await interview.ask(missing)
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
