import Diagnostics
import SpannedYAML
import Testing

/// Texts made to exhaust time, memory or the stack end in a diagnostic.
@Suite struct HostileTextTests {
    private func codes(_ text: String, limits: YAMLLimits = YAMLLimits()) -> [String] {
        let result = YAMLParser.parse(SourceText(path: "a", text: text), limits: limits)
        #expect(result.node == nil)
        #expect(DiagnosticRenderer.render(result.diagnostics).utf8.count < 100_000)
        return result.diagnostics.map(\.code)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "[{a: "])
    func depthOf100000(opening: String) {
        #expect(codes(String(repeating: opening, count: 100_000)) == ["yaml-depth"])
    }

    @Test func depthByIndentation() {
        let lines = (0..<1000).map { String(repeating: " ", count: $0) + "a:" }
        #expect(codes(lines.joined(separator: "\n")) == ["yaml-depth"])
    }

    @Test func aliasBomb() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1..<60 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(Set(codes(text)) == ["yaml-alias"])
    }

    @Test func hugeScalarsAndFiles() {
        #expect(codes("a: " + String(repeating: "x", count: 1_000_000)) == ["yaml-too-large"])
        #expect(codes("a: \"" + String(repeating: "é", count: 1_000_000) + "\"") == ["yaml-too-large"])
        #expect(codes("a: " + String(repeating: "x ", count: 3_000_000)) == ["yaml-too-large"])
        #expect(codes("[" + String(repeating: "1,", count: 500_000) + "]") == ["yaml-too-large"])
    }

    @Test func veryManyDirectives() {
        let directives = (0..<100_000).map { "%TAG !\($0)! tag:x,2000:\n" }.joined()
        #expect(codes(directives + "---\na: 1\n") == ["yaml-directive"])
        #expect(YAMLParser.parse(SourceText(path: "a", text: "%YAML 1.1\n---\na: 1\n")).node?["a"] != nil)
    }

    @Test func veryManyProblemsStop() {
        #expect(codes(String(repeating: "a: 1\n", count: 10_000)).count == YAMLLimits().diagnostics)
    }

    @Test func limitsAreTheCallers() {
        var limits = YAMLLimits()
        limits.depth = 2
        #expect(codes("[[[]]]", limits: limits) == ["yaml-depth"])
        #expect(YAMLParser.parse(SourceText(path: "a", text: "[[]]"), limits: limits).node != nil)
    }
}
