import BuildModel
import CanonicalJSON
import Foundation
import Store
import Synchronization

/// What a model has answered so far, as far as somebody wants to know it: each answer is on the disk before it counts.
final class RecordedAnswers: Sendable {
    private let journal: Journal
    private let found: Mutex<[Digest: ChatExchange]>

    /// Reads what the journal has of these questions.
    init(to wanted: Set<Digest>, in journal: Journal) throws(StoreError) {
        self.journal = journal
        var found: [Digest: ChatExchange] = [:]
        try journal.forEachLine { line in
            guard let exchange = (try? JSON(parsing: line)).flatMap(ChatExchange.init(json:)), wanted.contains(exchange.key)
            else { return }
            found[exchange.key] = exchange
        }
        self.found = Mutex(found)
    }

    var count: Int { found.withLock { $0.count } }

    subscript(key: Digest) -> ChatExchange? { found.withLock { $0[key] } }

    func record(_ exchange: ChatExchange) throws(StoreError) {
        try journal.append(exchange.json.canonicalBytes)
        found.withLock { $0[exchange.key] = exchange }
    }

    /// Takes what artifacts of the store hold: those that somebody else built came without a journal. Damaged ones are passed
    /// over.
    func takeUp(_ wanted: Set<Digest>, from store: Store) throws(StoreError) {
        var missing = found.withLock { found in wanted.filter { found[$0] == nil } }
        guard !missing.isEmpty else { return }
        for artifact in try store.artifacts(with: ChatExchange.fileName) where !missing.isEmpty {
            guard let file = artifact[ChatExchange.fileName], let content = try? store.readObject(file.digest) else { continue }
            for line in [UInt8](content).split(separator: UInt8(ascii: "\n")) {
                guard let exchange = (try? JSON(parsing: line)).flatMap(ChatExchange.init(json:)),
                    missing.remove(exchange.key) != nil
                else { continue }
                try record(exchange)
            }
        }
    }
}
