import BuildModel

/// The one place that decides what happens to a stage: want → ready → running → done | failed | skipped.
///
/// A value without effects: the executor asks it what to start and tells it what ended.
struct BuildQueue {
    enum State: Equatable {
        /// Nobody asked for it.
        case unwanted
        /// Asked for; so many of its inputs are not done.
        case wanted(pending: Int)
        case ready
        case running
        case done
        case failed
        /// An input failed, directly or further up.
        case skipped
    }

    private(set) var states: [State]
    private let dependants: [[StageID]]

    init(graph: Graph, targets: [StageID]) {
        var wanted = [Bool](repeating: false, count: graph.stages.count)
        for target in targets { wanted[target.index] = true }
        for id in graph.ids.reversed() where wanted[id.index] {
            for input in graph[id].inputs { wanted[input.stage.index] = true }
        }
        var dependants = [[StageID]](repeating: [], count: graph.stages.count)
        states = graph.ids.map { id in
            guard wanted[id.index] else { return .unwanted }
            let inputs = Set(graph[id].inputs.map(\.stage))
            for input in inputs { dependants[input.index].append(id) }
            return inputs.isEmpty ? .ready : .wanted(pending: inputs.count)
        }
        self.dependants = dependants
    }

    /// The stages that were asked for, in graph order.
    var wanted: [StageID] { states.indices.filter { states[$0] != .unwanted }.map(StageID.init(index:)) }

    /// Starts the first ready stage; `nil` where none is ready.
    mutating func start() -> StageID? {
        guard let index = states.firstIndex(of: .ready) else { return nil }
        states[index] = .running
        return StageID(index: index)
    }

    mutating func finish(_ id: StageID) {
        precondition(states[id.index] == .running)
        states[id.index] = .done
        for dependant in dependants[id.index] {
            guard case .wanted(let pending) = states[dependant.index] else { continue }
            states[dependant.index] = pending == 1 ? .ready : .wanted(pending: pending - 1)
        }
    }

    /// Marks a running stage failed and everything that depends on it skipped; returns the skipped stages in graph order.
    mutating func fail(_ id: StageID) -> [StageID] {
        precondition(states[id.index] == .running)
        states[id.index] = .failed
        var skipped: [StageID] = []
        var open = dependants[id.index]
        while let next = open.popLast() {
            guard case .wanted = states[next.index] else { continue }
            states[next.index] = .skipped
            skipped.append(next)
            open.append(contentsOf: dependants[next.index])
        }
        return skipped.sorted()
    }
}
