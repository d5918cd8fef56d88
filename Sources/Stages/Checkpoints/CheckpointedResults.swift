import Engine
import Synchronization

extension StageContext {
    /// How a run over `total` independent items continues from this stage's checkpoint, reports its progress and saves it.
    func resultCheckpoint<Item: CheckpointItem>(of total: Int, unit: String) -> ResultCheckpoint<Item> {
        let kept = CheckpointedResults<Item>(of: total, unit: unit, in: self)
        return ResultCheckpoint(done: kept.results, save: kept.add)
    }
}

/// The results that a stage has so far, by item.
private final class CheckpointedResults<Item: CheckpointItem>: Sendable {
    private let total: Int
    private let unit: String
    private let context: StageContext
    private let state: Mutex<State>

    private struct State {
        var results: [Int: Item]
        /// What was last reported.
        var percent: Int
    }

    init(of total: Int, unit: String, in context: StageContext) {
        (self.total, self.unit, self.context) = (total, unit, context)
        var results: [Int: Item] = [:]
        context.checkpoint?.resume { results = try Self.read($0, total: total) }
        if !results.isEmpty { context.report(.init(done: results.count, total: total, unit: unit)) }
        state = Mutex(State(results: results, percent: Self.percent(results.count, of: total)))
    }

    var results: [Int: Item] { state.withLock { $0.results } }

    /// There may be thousands of items: each new percent is reported.
    func add(_ items: Range<Int>, _ values: [Item]) throws {
        try state.withLock { state in
            for (item, value) in zip(items, values) { state.results[item] = value }
            let done = state.results.count
            if Self.percent(done, of: total) != state.percent {
                state.percent = Self.percent(done, of: total)
                context.report(.init(done: done, total: total, unit: unit))
            }
            try context.checkpoint?.offer(done: done) { Self.tensors(of: state.results) }
        }
    }

    private static func percent(_ done: Int, of total: Int) -> Int { done * 100 / max(1, total) }

    private static func tensors(of results: [Int: Item]) -> [String: StoredTensor] {
        let sorted = results.sorted { $0.key < $1.key }
        var tensors = Item.tensors(of: sorted.map(\.value))
        tensors["items"] = StoredTensor(sorted.map { Int64($0.key) }, shape: [sorted.count])
        return tensors
    }

    private static func read(_ file: SafeTensors, total: Int) throws -> [Int: Item] {
        let items = try file.integers("items")
        let values = try Item.items(in: file)
        guard items.count == values.count, items.allSatisfy((0..<total).contains), Set(items).count == items.count else {
            throw CheckpointFault("its items are not those of this stage")
        }
        return Dictionary(uniqueKeysWithValues: zip(items, values))
    }
}
