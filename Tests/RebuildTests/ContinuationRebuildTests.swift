import Foundation
import Testing

/// What an edit makes run of a training that longer ones go on from.
@Suite struct ContinuationRebuildTests {
    private typealias Step = RebuildTests.Step

    private static let recipe = RebuildTests.recipe.replacing(
        "(steps: ${steps}, top_k: 8)", with: "(steps: ${steps}, top_k: 8, schedule: constant, continue: true)")

    private static let whole = RebuildTests.fromStudent

    private static func trunk(_ ends: Int...) -> Set<String> { Set(ends.map { "\(RebuildTests.student).until\($0)" }) }

    private static let steps: [Step] = [
        Step("more steps", ("vars: {steps: 400}", "vars: {steps: 600}"), runs: whole.union(trunk(500, 600))),
        Step("a few more steps", ("vars: {steps: 400}", "vars: {steps: 450}"), runs: whole),
        Step("fewer steps", ("vars: {steps: 400}", "vars: {steps: 250}"), runs: whole),
        Step("a rate that falls at the end", ("schedule: constant", "schedule: wsd"), runs: whole),
        Step(
            "more steps, and a rate that falls", ("schedule: constant", "schedule: wsd, decay: 50%"),
            ("vars: {steps: 400}", "vars: {steps: 800}"), runs: whole),
        Step("defaults written out", ("continue: true", "continue: true, continue_every: 100, warmup_steps: 20"), runs: []),
        Step("one stage", (", continue: true", ""), runs: whole),
        Step(
            "longer parts", ("continue: true", "continue: true, continue_every: 200"),
            runs: whole.union(trunk(200, 400))),
        Step(
            "another peak", ("schedule: constant", "schedule: constant, learning_rate: 2e-3"),
            runs: whole.union(trunk(100, 200, 300, 400))),
        Step("what is made of the model", ("group_size: 32", "group_size: 64"), runs: RebuildTests.fromQuantization),
        Step(revision: "kd.train", runs: whole.union(trunk(100, 200, 300, 400))),
    ]

    @Test func eachEditRunsExactlyWhatDependsOnIt() async throws {
        let workshop = try Workshop()
        let built = try workshop.graph(Self.recipe)
        #expect(try await workshop.build(built).count == built.stages.count)
        for step in Self.steps {
            var text = Self.recipe
            for (old, new) in step.edits {
                try #require(text.components(separatedBy: old).count == 2, "'\(old)' must stand once in the recipe")
                text = text.replacing(old, with: new)
            }
            var graph = try workshop.graph(text)
            if let kind = step.raised { graph = graph.raisingRevision(of: kind) }
            let runs = try workshop.outOfDate(graph)
            #expect(runs == step.runs, "\(step.description): \(runs.symmetricDifference(step.runs).sorted())")
        }
    }
}
