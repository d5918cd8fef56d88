import CanonicalJSON
import Testing

@testable import Planner

@Suite struct CandidatesTests {
    private func split(_ data: String) throws -> JSON {
        let graph = try plan(
            "", header: fixtureHeader.split(separator: "\n").joined(separator: "\n") + "\n  prompt: tools\n\(data)\n")
        return graph[try #require(graph.stage(named: "data"))].parameters
    }

    /// So the number's key is what it was before there was a mapping.
    @Test func aNumberAndAMappingOfTheNumberAloneAreOne() throws {
        let number = try split("  candidates: 4")
        #expect(number["candidates"] == 4 && number["similar"] == nil && number["missing"] == nil)
        #expect(try split("  candidates: {count: 4}") == number)
        #expect(try split("  candidates: {count: 4, similar: 0%, missing: 0%}") == number)
    }

    @Test func sharesAreParameters() throws {
        let parameters = try split("  candidates: {count: 4, similar: 50%, missing: 20%}")
        #expect(parameters["candidates"] == 4 && parameters["similar"] == 0.5 && parameters["missing"] == 0.2)
    }

    /// Rows of groups are trained together, unless a step says otherwise.
    @Test func aGroupSharesPrefixesInTraining() throws {
        #expect(try split("  candidates: {count: 4, group: 1}") == split("  candidates: 4"))
        let parameters = try split("  candidates: {count: 4, group: 8}")
        #expect(parameters["candidates"] == 4 && parameters["group"] == 8)
        #expect(try split("  candidates: {group: 8}")["candidates"] == 0)
        func shares(_ candidates: String, _ options: String = "") throws -> JSON? {
            let graph = try plan(
                "transfer: \"SFT(steps: 5\(options))\"",
                header: fixtureHeader.split(separator: "\n").joined(separator: "\n")
                    + "\n  prompt: tools\n  candidates: \(candidates)\n")
            return try #require(graph.stages.first { $0.kind == "train.sft" }).parameters["training"]?["share_prefixes"]
        }
        #expect(try shares("4") == nil)
        #expect(try shares("{count: 4, group: 8}") == true)
        #expect(try shares("{count: 4, group: 8}", ", share_prefixes: false") == nil)
        #expect(try shares("4", ", share_prefixes: true") == true)
    }
}
