import BuildModel
import Store
import Synchronization

/// The recorded answers to a set of questions. Each answer is on the disk before it counts.
final class RecordedAnswers: Sendable {
    private let journal: Journal
    private let found: Mutex<[Digest: ChatExchange]>

    /// Reads what the journal has of these questions.
    init(to wanted: Set<Digest>, in journal: Journal) throws(StoreError) {
        self.journal = journal
        var found: [Digest: ChatExchange] = [:]
        try journal.forEachLine { line in
            guard let exchange = ChatExchange(line: line), wanted.contains(exchange.key) else { return }
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

    /// Adds the answers in artifacts of the store: results from elsewhere come without a journal.
    func takeUp(_ wanted: Set<Digest>, from store: Store) throws(StoreError) {
        let missing = found.withLock { found in wanted.filter { found[$0] == nil } }
        guard !missing.isEmpty else { return }
        for exchange in try store.exchanges(with: missing) { try record(exchange) }
    }
}

extension Store {
    /// Each model has a journal: `recordings/<SHA-256 of its name>.jsonl`.
    private func journalName(of model: String) -> String { Digest(hashing: model).hex }

    /// The journal of what a model answered, waiting for whoever has it. Throws `CancellationError` when the task is cancelled.
    func recording(of model: String, onWait: @Sendable () -> Void) async throws -> Journal {
        try await waiting(onWait: onWait) { () throws(StoreError) in try journal(journalName(of: model)) }
    }

    /// How many of the questions an answer is here for, in the model's journal or in artifacts.
    package func recordedAnswers(to questions: [ChatQuestion]) throws(StoreError) -> Int {
        let wanted = Set(questions.map(\.key))
        var found: Set<Digest> = []
        for model in Set(questions.map(\.model)).sorted() {
            try forEachLine(ofJournal: journalName(of: model)) { line in
                guard let exchange = ChatExchange(line: line), wanted.contains(exchange.key) else { return }
                found.insert(exchange.key)
            }
        }
        let missing = wanted.subtracting(found)
        return found.count + (missing.isEmpty ? 0 : try exchanges(with: missing).count)
    }

    /// Exchanges of artifacts, each once. Damaged objects are passed over.
    fileprivate func exchanges(with keys: Set<Digest>) throws(StoreError) -> [ChatExchange] {
        var missing = keys
        var found: [ChatExchange] = []
        for artifact in try artifacts(with: ChatExchange.fileName) where !missing.isEmpty {
            guard let file = artifact[ChatExchange.fileName], let content = try? readObject(file.digest) else { continue }
            for line in [UInt8](content).split(separator: UInt8(ascii: "\n")) {
                guard let exchange = ChatExchange(line: line), missing.remove(exchange.key) != nil else { continue }
                found.append(exchange)
            }
        }
        return found
    }
}
