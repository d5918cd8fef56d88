import Diagnostics
import Foundation
import Testing

@Suite struct RendererTests {
    /// The example of the design document, at the column where the word really stands.
    @Test func looksAsDesigned() {
        let text = String(repeating: "#\n", count: 20) + "prune: {method: depth, ration: 20%}\n"
        let source = SourceText(path: "recipes/smart-home.yaml", text: text)
        let diagnostic = Diagnostic(
            code: "unknown-field", "'prune' has no field 'ration'", at: span(of: "ration", in: source), label: "unknown field",
            help: "did you mean 'ratio'?")
        #expect(
            DiagnosticRenderer.render(diagnostic) == """
                error[unknown-field]: 'prune' has no field 'ration'
                  --> recipes/smart-home.yaml:21:24
                   |
                21 | prune: {method: depth, ration: 20%}
                   |                        ^^^^^^ unknown field
                   = help: did you mean 'ratio'?

                """)
    }

    @Test func labelsOfOneLineHangUnderIt() {
        let source = SourceText(path: "a.yaml", text: "x: 1, y: 2, z: 3")
        let diagnostic = Diagnostic(
            code: "c", "m", at: span(of: "z", in: source), label: "third",
            secondary: [.init(span(of: "x", in: source), "first"), .init(span(of: "y", in: source), "second")])
        #expect(
            DiagnosticRenderer.render(diagnostic) == """
                error[c]: m
                 --> a.yaml:1:13
                  |
                1 | x: 1, y: 2, z: 3
                  | -     -     ^ third
                  | |     |
                  | |     second
                  | first

                """)
    }

    @Test func overlappingLabelsTakeRowsOfTheirOwn() {
        let source = SourceText(path: "a", text: "abcdef")
        let diagnostic = Diagnostic(
            .warning, code: "c", "m", at: source.span(0..<6), label: "whole", secondary: [.init(source.span(2..<3), "part")])
        #expect(
            DiagnosticRenderer.render(diagnostic) == """
                warning[c]: m
                 --> a:1:1
                  |
                1 | abcdef
                  | ^^^^^^ whole
                  |   - part

                """)
    }

    @Test func linesApartAreSeparatedAndFilesNamed() {
        let source = SourceText(path: "a", text: "one\ntwo\nthree\nfour\r\nfive")
        let other = SourceText(path: "b", text: "other")
        let diagnostic = Diagnostic(
            code: "c", "m", at: span(of: "four", in: source), label: "again",
            secondary: [.init(span(of: "one", in: source), "first"), .init(other.span(0..<5), "elsewhere")])
        #expect(
            DiagnosticRenderer.render(diagnostic) == """
                error[c]: m
                 --> a:4:1
                  |
                1 | one
                  | --- first
                ...
                4 | four
                  | ^^^^ again
                 ::: b:1:1
                  |
                1 | other
                  | ----- elsewhere

                """)
    }

    @Test func tabsWideAndCombiningCharactersKeepMarksInPlace() {
        let source = SourceText(path: "a", text: "\tname: 日本 e\u{301} x")
        let rendered = DiagnosticRenderer.render(Diagnostic(code: "c", "m", at: span(of: "x", in: source)))
        // 4 cells of tab, 6 of "name: ", 4 of two wide characters, 1 space, 1 of the accented letter, 1 space.
        #expect(rendered.contains("\n  | " + String(repeating: " ", count: 17) + "^\n"))
        #expect(rendered.contains("a:1:14"))
        #expect(rendered.contains("1 |     name: 日本 e\u{301} x\n"))
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        let source = SourceText(path: "a", text: "x\u{1B}[31m\u{202E}y")
        let rendered = DiagnosticRenderer.render(
            Diagnostic(code: "c", "m \u{1B}\n", at: span(of: "y", in: source), label: "\u{7}", help: "\r"))
        #expect(rendered.split(separator: "\n").count == 6)
        #expect(!rendered.unicodeScalars.contains { ["\u{1B}", "\u{7}", "\r"].contains($0) })
        #expect(!rendered.unicodeScalars.contains("\u{202E}"))
    }

    @Test func longLinesAreCutAroundTheLabel() {
        let source = SourceText(
            path: "a", text: String(repeating: "ä", count: 100_000) + "X" + String(repeating: "b", count: 1_000_000))
        let rendered = DiagnosticRenderer.render(Diagnostic(code: "c", "m", at: span(of: "X", in: source), label: "here"))
        #expect(rendered.utf8.count < 2000)
        let lines = rendered.split(separator: "\n").map { Array($0) }
        let mark = lines[4].firstIndex(of: "^")
        #expect(mark.map { lines[3][$0] } == "X")
    }

    @Test func labelsOfSeveralLinesMarkTheFirst() {
        let source = SourceText(path: "a", text: "abc\ndef")
        #expect(DiagnosticRenderer.render(Diagnostic(code: "c", "m", at: source.span(1..<6))).contains("1 | abc\n  |  ^^\n"))
    }

    @Test func emptyFilesAndEndsOfFilesHaveAPlace() {
        let empty = SourceText(path: "a", text: "")
        #expect(
            DiagnosticRenderer.render(Diagnostic(code: "c", "m", at: empty.span(0..<0))) == """
                error[c]: m
                 --> a:1:1
                  |
                1 |
                  | ^

                """)
        let ended = SourceText(path: "a", text: "ab\n")
        #expect(ended.span(99..<120).description == "a:2:1")
    }

    @Test func invalidBytesAreShown() {
        let source = SourceText(path: "a", bytes: [0x61, 0xFF, 0xFE, 0x62])
        #expect(DiagnosticRenderer.render(Diagnostic(code: "c", "m", at: source.span(1..<2))).contains("^"))
    }

    @Test func findingsAreSortedAndCountOnce() {
        let source = SourceText(path: "a", text: "one two")
        let first = Diagnostic(code: "c", "m", at: span(of: "one", in: source))
        let second = Diagnostic(.warning, code: "c", "m", at: span(of: "two", in: source))
        #expect([second, first, second].sortedByPosition() == [first, second])
        #expect([second, first].hasErrors && ![second].hasErrors)
    }

    private func span(of word: String, in source: SourceText) -> SourceSpan {
        let text = String(decoding: source.bytes, as: UTF8.self)
        guard let range = text.range(of: word) else { return source.span(0..<0) }
        let start = text.utf8.distance(from: text.startIndex, to: range.lowerBound)
        return source.span(start..<start + word.utf8.count)
    }
}
