import BuildModel

/// The one place that decides what happens to a stage: want → ready → running → done | failed | skipped.
///
/// A value without effects: the executor asks it what to start and tells it what ended.
struct BuildQueue {
    enum State: Equatable {
        /// Not requested.
        case unwanted
        /// Requested; this many of its inputs are not done.
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
    /// The ready stages as a binary heap: the first of the graph on top.
    private var ready: [Int] = []

    init(graph: Graph, targets: [StageID]) {
        let isWanted = Set(graph.closure(of: targets))
        var dependants = [[StageID]](repeating: [], count: graph.stages.count)
        states = graph.ids.map { id in
            guard isWanted.contains(id) else { return .unwanted }
            let inputs = Set(graph[id].inputs.map(\.stage))
            for input in inputs { dependants[input.index].append(id) }
            return inputs.isEmpty ? .ready : .wanted(pending: inputs.count)
        }
        self.dependants = dependants
        // In rising order, which is a heap.
        ready = states.indices.filter { states[$0] == .ready }
    }

    /// The requested stages, in graph order.
    var wanted: [StageID] { states.indices.filter { states[$0] != .unwanted }.map(StageID.init(index:)) }

    /// Starts the first ready stage; `nil` where none is ready.
    mutating func start() -> StageID? {
        guard let index = ready.first, let last = ready.popLast() else { return nil }
        if !ready.isEmpty {
            ready[0] = last
            sinkTop()
        }
        states[index] = .running
        return StageID(index: index)
    }

    private mutating func becomeReady(_ index: Int) {
        states[index] = .ready
        ready.append(index)
        var child = ready.count - 1
        while child > 0, ready[child] < ready[(child - 1) / 2] {
            ready.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func sinkTop() {
        var parent = 0
        while true {
            var least = 2 * parent + 1
            guard least < ready.count else { return }
            if least + 1 < ready.count, ready[least + 1] < ready[least] { least += 1 }
            guard ready[least] < ready[parent] else { return }
            ready.swapAt(parent, least)
            parent = least
        }
    }

    /// Makes a running stage ready again.
    mutating func putBack(_ id: StageID) {
        precondition(states[id.index] == .running)
        becomeReady(id.index)
    }

    /// The requested stages that have not ended.
    var unfinished: [StageID] {
        states.indices.filter {
            switch states[$0] {
            case .wanted, .ready, .running: true
            case .unwanted, .done, .failed, .skipped: false
            }
        }.map(StageID.init(index:))
    }

    mutating func finish(_ id: StageID) {
        precondition(states[id.index] == .running)
        states[id.index] = .done
        for dependant in dependants[id.index] {
            guard case .wanted(let pending) = states[dependant.index] else { continue }
            if pending == 1 { becomeReady(dependant.index) } else { states[dependant.index] = .wanted(pending: pending - 1) }
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
