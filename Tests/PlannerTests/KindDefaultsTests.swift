import CanonicalJSON
import Testing

@testable import Kinds
@testable import Planner

@Suite struct KindDefaultsTests {
    @Test func aRecipeThatSaysNothingDepartsFromNoDefault() throws {
        for stage in try plan("").stages
        where stage.fixedOutput == nil && stage.kind != Report.name && stage.kind != "data.generate" {
            #expect(KindCatalogue.standard.departures(of: stage.kind, stage.parameters) == [:], "\(stage.name)")
        }
    }

    @Test func whatTheRecipeSaysIsADeparture() throws {
        let graph = try plan(
            """
            teacher: {init: {hidden: 256}, transfer: "SFT(steps: 7, batch: 5)"}
            prune: {ratio: 30%}
            quantize: {scheme: W4A16, group_size: 32}
            """)
        func departures(_ name: String) throws -> JSON {
            let stage = graph[try #require(graph.stage(named: name), "\(graph.stages.map(\.name))")]
            return KindCatalogue.standard.departures(of: stage.kind, stage.parameters)
        }
        #expect(try departures("data.rows") == ["count": 2000])
        #expect(try departures("teacher.init") == ["shape": ["hidden": 256]])
        #expect(try departures("teacher.sft") == ["training": ["steps": 7, "batch": 5]])
        #expect(try departures("student.kd") == [:])
        #expect(try departures("student.kd.prune[30%].recover.W4A16") == ["scheme": "W4A16", "group_size": 32])
    }

    @Test func methodsOfPruningHaveDefaultsOfTheirOwn() throws {
        let graph = try plan(
            "student: {init: {hidden: 512, intermediate: 2048}}\nprune: {method: width, granularity: {hidden: 32}}\n")
        let pruned = graph[try #require(graph.stage(named: "student.kd.prune[20%]"))]
        #expect(
            KindCatalogue.standard.departures(of: pruned.kind, pruned.parameters)
                == ["method": "width", "granularity": ["hidden": 32]])
    }

    /// Nothing is known of a kind of another version.
    @Test func allParametersOfAnUnknownKindDepart() {
        #expect(KindCatalogue.standard.departures(of: "model.grow", ["by": 2]) == ["by": 2])
        #expect(KindCatalogue.standard.departures(of: "model.import", ["files": []]) == ["files": []])
    }
}
