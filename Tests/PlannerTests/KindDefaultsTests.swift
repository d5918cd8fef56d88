import CanonicalJSON
import Testing

@testable import Planner

@Suite struct KindDefaultsTests {
    @Test func aRecipeThatSaysNothingDepartsFromNoDefault() throws {
        for stage in try plan("").stages
        where stage.fixedOutput == nil && stage.kind != Report.name && stage.kind != "data.generate" {
            #expect(KindDefaults.departures(of: stage.kind, stage.parameters) == [:], "\(stage.name)")
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
            return KindDefaults.departures(of: stage.kind, stage.parameters)
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
            KindDefaults.departures(of: pruned.kind, pruned.parameters)
                == ["method": "width", "granularity": ["hidden": 32]])
    }

    /// A kind that the language has a default for, and that the reading of defaults would miss, shows here.
    @Test func everyKindWithDefaultsIsKnown() {
        let without: Set<String> = [
            "adapter.merge", "data.ingest", "data.knowledge", "data.retrieve", "data.compress-prompt", "endpoint.sample",
            "model.import",
            "report",
            "source.file",
            "source.git", "source.http", "source.huggingface", "source.pypi",
        ]
        #expect(Set(KindDefaults.kinds) == Set(KindCatalogue.kinds.map { $0.name }).subtracting(without))
        #expect(KindDefaults.departures(of: "model.import", ["files": []]) == ["files": []])
    }
}
