import BuildModel
import CanonicalJSON
import Kinds
import Testing

/// `evaluate.cached_prefix`: which prompt tokens cost nothing.
@Suite struct CachedPrefixTests {
    private func cost(_ evaluate: String, header: String = fixtureHeader, _ task: String = "") throws -> Stage {
        let graph = try plan("transfer: SFT\n\(task)evaluate: {\(evaluate)}\n", header: header)
        return try #require(graph.stages.first { $0.kind == "eval.cost" })
    }

    @Test func withoutOneTheStageIsThatOfBefore() throws {
        let stage = try cost("metrics: [ar, prefill_flops, decode_flops]")
        #expect(stage.parameters == [:] && stage.inputs.map(\.name) == ["model", "answers"])
    }

    @Test func soManyTokensNeedNoPrompts() throws {
        let stage = try cost("cached_prefix: 1.5k")
        #expect(stage.parameters == ["cached_prefix": 1500] && stage.inputs.map(\.name) == ["model", "answers"])
    }

    @Test func sharedPrefixesAreOfThePrompts() throws {
        let stage = try cost("cached_prefix: shared, metrics: [ar, flops, cached_flops]")
        #expect(stage.parameters == ["cached_prefix": "shared", "prompt": "query", "answer": "call"])
        #expect(stage.inputs.map(\.name) == ["model", "answers", "data"])
        #expect(try EvalCost(json: stage.parameters).cachedPrefix == .shared)
        #expect(stage.origins.contains { $0.field == "evaluate.cached_prefix" && $0.line == 9 })
    }

    @Test func likelihoodsHaveTheirContext() throws {
        let header = fixtureHeader.replacing(
            "generate: {functions: functions, templates: utterances, count: 2k}",
            with: "ingest: {format: options, train: functions, test: utterances}")
        let stage = try cost("cached_prefix: shared, context: text", header: header, "task: choice\n")
        #expect(
            stage.parameters == ["cached_prefix": "shared", "prompt": "query", "answer": "call", "context": "text"])
    }
}
