import BuildModel
import CanonicalJSON
import Kinds
import Testing

/// `evaluate.metrics: [latency]`: which loads a server is put under.
@Suite struct ServingPlanTests {
    private func serving(_ evaluate: String, header: String = fixtureHeader) throws -> Stage {
        let graph = try plan("transfer: SFT\nevaluate: {\(evaluate)}\n", header: header)
        return try #require(graph.stages.first { $0.kind == "bench.serve" && $0.name.hasPrefix("student") })
    }

    @Test func whatNobodyWritesIsInNoKey() throws {
        let stage = try serving("metrics: [ar, latency]")
        #expect(
            stage.parameters == ["clients": [1, 8, 16, 32, 64, 128], "max_tokens": 64, "prompt": "query"])
        #expect(stage.isMeasurement && stage.inputs.map(\.name) == ["model", "data"])
    }

    @Test func loadsAreAsTheRecipeSays() throws {
        let stage = try serving(
            "metrics: [ar, latency], clients: [2], rates: [1, 2.5], load_time: 2 s, cold_cache: no, "
                + "slo: {ttft: 100 ms, tpot: 20 ms}")
        #expect(
            stage.parameters == [
                "clients": [2], "rates": [1, 2.5], "load_time": 2, "cold_cache": false, "ttft": 0.1,
                "tpot": 0.02, "max_tokens": 64, "prompt": "query",
            ])
        #expect(try BenchServe(json: stage.parameters).firstToken == 0.1)
        for field in ["evaluate.rates", "evaluate.load_time", "evaluate.slo.ttft", "evaluate.slo.tpot"] {
            #expect(stage.origins.contains { $0.field == field && $0.line == 9 }, "\(field)")
        }
    }

    @Test func aPriceChangesTheReportAlone() throws {
        func graph(_ price: String) throws -> Graph { try plan("evaluate: {metrics: [ar, latency]\(price)}\n") }
        let (without, with) = (try graph(""), try graph(", core_price: 0.04"))
        let report = try #require(with.stages.last)
        #expect(report.kind == "report" && report.parameters["core_price"] == 0.04)
        #expect(without.stages.last?.parameters["core_price"] == nil)
        #expect(without.stages.dropLast().map(\.parameters) == with.stages.dropLast().map(\.parameters))
        // Without the metric there is nothing to pay for.
        #expect(try plan("evaluate: {metrics: [ar], core_price: 0.04}\n").stages.last?.parameters["core_price"] == nil)
    }
}
