import BuildModel
import Foundation
import Planner
import Testing

@Suite struct GraphRenderingTests {
    @Test(arguments: GraphRendering.allCases)
    func graphIsDrawnAsRecorded(rendering: GraphRendering) throws {
        let drawn = rendering.render(try plan("transfer: SFT\nprune: {ratio: 20%, recover: none}\n"))
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/graph.\(rendering.rawValue)")
        let isRecording = ProcessInfo.processInfo.environment["DECANT_RECORD"] == "1"
        guard !isRecording, let expected = try? String(contentsOf: file, encoding: .utf8) else {
            try Data(drawn.utf8).write(to: file)
            Issue.record("recorded \(file.lastPathComponent); run the test again")
            return
        }
        #expect(drawn == expected)
    }

    @Test func namesAreQuoted() throws {
        let stage = Stage(name: "a\"b\\<c#", kind: "exec", revision: 1, parameters: [:])
        let graph = Graph(stages: [stage], targets: [])
        #expect(GraphRendering.dot.render(graph).contains(##""a\"b\\<c#" [label="a\"b\\<c#\nexec"]"##))
        #expect(GraphRendering.mermaid.render(graph).contains(##"s0["a#quot;b\#lt;c#35;<br/>exec"]"##))
    }
}
