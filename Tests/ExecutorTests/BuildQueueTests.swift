import BuildModel
import Testing

@testable import Executor

@Suite struct BuildQueueTests {
    /// a → b → d, a → c → d, e alone.
    let graph = Graph(
        stages: [
            Self.stage("a"), Self.stage("b", [0]), Self.stage("c", [0]), Self.stage("d", [1, 2, 1]), Self.stage("e"),
        ],
        targets: [])

    static func stage(_ name: String, _ inputs: [Int] = []) -> Stage {
        Stage(
            name: name, kind: "test", revision: 1, parameters: ["name": .string(name)],
            inputs: inputs.enumerated().map { .init(name: "\($0.offset)", stage: StageID(index: $0.element)) })
    }

    @Test func onlyWhatATargetNeedsIsWanted() {
        let queue = BuildQueue(graph: graph, targets: [StageID(index: 1)])
        #expect(queue.wanted.map(\.index) == [0, 1])
        #expect(queue.states[3] == .unwanted)
    }

    @Test func aStageIsReadyWhenAllItsInputsAreDone() {
        var queue = BuildQueue(graph: graph, targets: [StageID(index: 3)])
        #expect(queue.start()?.index == 0)
        #expect(queue.start() == nil)
        queue.finish(StageID(index: 0))
        #expect(queue.start()?.index == 1)
        #expect(queue.start()?.index == 2)
        queue.finish(StageID(index: 2))
        #expect(queue.states[3] == .wanted(pending: 1))
        queue.finish(StageID(index: 1))
        #expect(queue.start()?.index == 3)
        queue.finish(StageID(index: 3))
        #expect(queue.states.map { $0 == .done } == [true, true, true, true, false])
    }

    @Test func aFailureSkipsItsDependantsAndNothingElse() {
        var queue = BuildQueue(graph: graph, targets: graph.ids)
        #expect(queue.start()?.index == 0)
        #expect(queue.start()?.index == 4)
        queue.finish(StageID(index: 0))
        #expect(queue.start()?.index == 1)
        #expect(queue.fail(StageID(index: 1)).map(\.index) == [3])
        #expect(queue.states == [.done, .failed, .ready, .skipped, .running])
        #expect(queue.start()?.index == 2)
        queue.finish(StageID(index: 2))
        #expect(queue.states[3] == .skipped)
        #expect(queue.start() == nil)
    }

    /// The first stage takes longest: what waits for it becomes ready when later stages of the graph long ran.
    @Test func theFirstReadyStageOfTheGraphStartsFirst() {
        let graph = Graph(
            stages: (0..<60).map { Self.stage("\($0)", $0 == 0 || $0 > 40 ? [] : [$0 % 2 == 0 ? 0 : $0 / 2]) }, targets: [])
        var queue = BuildQueue(graph: graph, targets: graph.ids)
        var order: [Int] = []
        func start() -> StageID? {
            let first = queue.states.firstIndex(of: .ready)
            let id = queue.start()
            #expect(id?.index == first)
            if let id { order.append(id.index) }
            return id
        }
        let slow = start()
        while order.count < 15, let id = start() { queue.finish(id) }
        if let slow { queue.finish(slow) }
        while let id = start() { queue.finish(id) }
        #expect(order.sorted() == Array(0..<60))
        #expect(order[1] > 40 && order[15] < 40)
    }
}
