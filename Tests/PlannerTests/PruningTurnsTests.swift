import BuildModel
import CanonicalJSON
import Kinds
import Testing

/// `prune` as a list: one removal after the other, each with a recovery of its own.
@Suite struct PruningTurnsTests {
    private let student =
        "student: {init: {hidden: 128, layers: 8, heads: 8, kv_heads: 4, intermediate: 512}}\ntransfer: SFT\nsample: none\n"

    /// "Efficient AI in Practice", table 4: neurons gradually, then half of the heads, distillation behind each.
    @Test func neuronsGoGraduallyAndThenHalfOfTheHeads() throws {
        let graph = try plan(
            student + """
                prune:
                  - {method: osscar, ratio: [10%, 20%], teacher: unpruned, recover: "KD(steps: 5)"}
                  - {method: osscar, shape: {kv_heads: 2}, teacher: unpruned, recover: "KD(steps: 7)"}
                """)
        let second = "student.sft.prune[10%].recover.prune[20%].recover"
        let last = "\(second).prune[·×·, 2 kv].recover"
        #expect(graph.targets.first.map { graph[$0.stage].name } == last)
        #expect(graph.parameters(of: "\(second).prune[·×·, 2 kv]")?["kv_heads"] == 2)
        #expect(graph.stages.filter { $0.kind == "prune.score" }.count == 3)
        // All learn from the student as it was before the first turn.
        let captures = graph.stages.filter { $0.kind == "kd.capture" }
        #expect(captures.map(\.name) == ["student.sft.logits"])
        let steps = graph.stages.filter { $0.kind == "kd.train" }.map { $0.parameters["training"]?["steps"] }
        #expect(steps == [5, 5, 7])
        // Each model of the chain is a row of the report.
        let report = try #require(graph.stages.last { $0.kind == "report" })
        #expect(report.parameters["rows"]?.array?.count == 7)
    }

    /// Ratios of a turn are shares of what it begins with.
    @Test func aTurnsRatioIsOfWhatItBeginsWith() throws {
        let graph = try plan(
            student + "prune: [{method: depth, layers: 2, recover: none}, {method: magnitude, ratio: 20%, recover: none}]\n")
        let ratio = graph.parameters(of: "student.sft.prune[2 layers].prune[20%]")?["ratio"]
        #expect(ratio == 0.2)
    }

    @Test func aSingleTurnNeedsNoBrackets() throws {
        let one = "{method: depth, layers: 2, recover: \"KD(steps: 4)\"}"
        #expect(try plan(student + "prune: [\(one)]\n").shapes == plan(student + "prune: \(one)\n").shapes)
    }

    @Test func aTurnThatRemovesNothingIsNone() throws {
        let turns = "prune: [{ratio: 0%}, {method: depth, layers: 2, recover: none}, {ratio: 0%}]\n"
        let graph = try plan(student + turns)
        #expect(graph.stages.count { $0.kind == "prune.apply" } == 1)
        #expect(graph.shapes == (try plan(student + "prune: {method: depth, layers: 2, recover: none}\n").shapes))
    }

    /// A matrix names a turn by its number.
    @Test func aMatrixVariesOneTurn() throws {
        let graph = try plan(
            student + """
                prune:
                  - {method: depth, layers: 2, recover: none}
                  - {method: osscar, shape: {kv_heads: 2}, recover: none}
                matrix:
                  prune.2.shape.kv_heads: [1, 2, 3]
                """)
        #expect(graph.stages.filter { $0.kind == "prune.apply" }.count == 4, "the first turn is shared")
        #expect(graph.stages.filter { $0.kind == "prune.score" }.count == 2)
    }

    /// `explain` finds the turn.
    @Test func originsNameTheTurn() throws {
        let graph = try plan(
            student + """
                prune:
                  - {method: depth, layers: 2, recover: none}
                  - {method: depth, layers: 1, recover: "KD(steps: 9)"}
                """)
        let second = try #require(graph.stages.first { $0.name == "student.sft.prune[2 layers].prune[1 layer]" })
        let layers = try #require(second.origins.first { $0.parameter == "layers" })
        #expect(layers.field == "prune.2.layers" && layers.line == 13)
        let recovery = try #require(graph.stages.last { $0.kind == "kd.train" })
        #expect(recovery.origins.contains { $0.field == "prune.2.recover.steps" })
    }

    /// The teacher is asked by those turns alone that name it.
    @Test func turnsHaveTeachersOfTheirOwn() throws {
        let graph = try plan(
            student + """
                prune:
                  - {method: depth, layers: 2, teacher: unpruned, recover: "KD(steps: 4)"}
                  - {method: depth, layers: 1, recover: "KD(steps: 4)"}
                """)
        let captures = graph.stages.filter { $0.kind == "kd.capture" }.map(\.name)
        #expect(captures == ["student.sft.logits", "teacher.logits"])
    }
}
