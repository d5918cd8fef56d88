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
}
