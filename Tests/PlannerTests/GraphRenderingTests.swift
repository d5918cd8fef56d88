import BuildModel
import Foundation
import Planner
import TestSupport
import Testing

@Suite struct GraphRenderingTests {
    @Test(arguments: GraphRendering.allCases)
    func graphIsDrawnAsRecorded(rendering: GraphRendering) throws {
        let drawn = rendering.render(try plan("transfer: SFT\nprune: {ratio: 20%, recover: none}\n"))
        try Golden("Tests/PlannerTests/Golden").expect(drawn, equals: "graph.\(rendering.rawValue)")
    }

    @Test func namesAreQuoted() throws {
        let stage = Stage(name: "a\"b\\<c#", kind: "exec", revision: 1, parameters: [:])
        let graph = Graph(stages: [stage], targets: [])
        #expect(GraphRendering.dot.render(graph).contains(##""a\"b\\<c#" [label="a\"b\\<c#\nexec"]"##))
        #expect(GraphRendering.mermaid.render(graph).contains(##"s0["a#quot;b\#lt;c#35;<br/>exec"]"##))
    }
}
