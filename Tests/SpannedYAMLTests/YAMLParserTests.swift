import Diagnostics
import SpannedYAML
import Testing

@Suite struct YAMLParserTests {
    private func parse(_ text: String) -> (node: Node?, diagnostics: [Diagnostic]) {
        YAMLParser.parse(SourceText(path: "a.yaml", text: text))
    }

    @Test func valuesKnowTheirPlaces() throws {
        let node = try #require(
            parse(
                """
                # comment
                name: smart-home
                prune: {method: depth, ratio: "20%"}
                sets:
                  - test
                  - 'ood'

                text: |
                  two
                  lines
                """
            ).node)
        #expect(node.mapping?.map(\.name) == ["name", "prune", "sets", "text"])
        let ratio = try #require(node["prune"]?["ratio"])
        #expect(ratio.scalar == .init(text: "20%", style: .quoted))
        #expect((ratio.span.text, ratio.span.line, ratio.span.column) == ("\"20%\"", 3, 31))
        #expect(node["prune"]?.span.text == "{method: depth, ratio: \"20%\"}")
        #expect(node["sets"]?.span.text == "- test\n  - 'ood'")
        #expect(node["text"]?.scalar == .init(text: "two\nlines", style: .block))
        #expect(node["name"]?.span.text == "smart-home")
    }

    @Test func placesCountBytesWhereTextIsNotASCII() throws {
        let node = try #require(parse("\u{FEFF}größe: \"日本\"\nb: 😀x # ü\nc: last").node)
        #expect(node["größe"]?.span.text == "\"日本\"")
        #expect(node["b"]?.span.text == "😀x")
        #expect(node["c"]?.span.text == "last")
        #expect(node["c"]?.span.column == 4)
    }

    @Test func lineBreaksOfOtherSystems() throws {
        let node = try #require(parse("a: 1\r\nb:\r\n  c: two\r\n").node)
        #expect(node["b"]?["c"]?.span.description == "a.yaml:3:6")
        #expect(node["b"]?["c"]?.span.text == "two")
    }

    @Test func wordsInsideScalarsHavePlaces() throws {
        let node = try #require(parse("a: KD+RL\nb: 'KD+RL'\nc: \"KD\\x2bRL\"\n").node)
        #expect(node["a"]?.span(ofText: 3..<5).description == "a.yaml:1:7")
        #expect(node["b"]?.span(ofText: 3..<5).text == "RL")
        // The escape makes bytes of text and file differ: the whole scalar is named.
        #expect(node["c"]?.span(ofText: 3..<5).text == "\"KD\\x2bRL\"")
    }

    @Test func nullsAndEmptyFiles() throws {
        #expect(parse("").node?.isNull == true)
        #expect(parse("# only a comment\n").node?.isNull == true)
        #expect(parse("---\n...\n").node?.isNull == true)
        let node = try #require(parse("a:\nb: ~\nc: 'null'\n").node)
        #expect(node["a"]?.isNull == true && node["b"]?.isNull == true && node["c"]?.isNull == false)
    }

    @Test func duplicateKeysNameBothPlaces() throws {
        let diagnostics = parse("a: 1\nb: {x: 1, y: 2, x: 3}\na: 2\n").diagnostics
        #expect(diagnostics.map(\.code) == ["duplicate-key", "duplicate-key"])
        #expect(diagnostics.map(\.primary.span.description) == ["a.yaml:2:17", "a.yaml:3:1"])
        #expect(diagnostics.map { $0.secondary.map(\.span.description) } == [["a.yaml:2:5"], ["a.yaml:1:1"]])
    }

    @Test(arguments: [
        ("a: &x 1\nb: *x\n", ["yaml-alias", "yaml-alias"]),
        ("a: &x [*x]\n", ["yaml-alias", "yaml-alias"]),
        ("<<: {a: 1}\n", ["yaml-merge-key"]),
        ("a: !!python/object 1\n", ["yaml-tag"]),
        ("a: 1\n---\nb: 2\n", ["yaml-documents"]),
        ("? [a, b]\n: 1\n", ["yaml-key"]),
        ("a: [1, 2\nb: 3\n", ["yaml-syntax"]),
        ("a: b: c\n", ["yaml-syntax"]),
        ("a:\n\t- b\n", ["yaml-syntax"]),
        ("a: \"\u{1}\"\n", ["yaml-syntax"]),
        ("a: @b\n", ["yaml-syntax"]),
        ("%YAML 9.9\n---\na\n", ["yaml-syntax"]),
        ("a: *unknown\n", ["yaml-alias"]),
    ])
    func refusedTexts(text: String, codes: [String]) {
        let result = parse(text)
        #expect(result.node == nil)
        #expect(result.diagnostics.map(\.code) == codes)
        #expect(!DiagnosticRenderer.render(result.diagnostics).isEmpty)
    }

    @Test func adviceForCommonSlips() {
        #expect(parse("transfer: KD(steps: 5)\n").diagnostics.first?.help?.contains("quotes") == true)
        #expect(parse("a:\n\tb: 1\n").diagnostics.first?.help?.contains("tabs") == true)
    }

    @Test func bytesThatAreNotUTF8() {
        let result = YAMLParser.parse(SourceText(path: "a", bytes: Array("a: ".utf8) + [0xE9, 0x0A]))
        #expect(result.node == nil)
        #expect(result.diagnostics.map(\.code) == ["yaml-encoding"])
        #expect(result.diagnostics.first?.primary.span.start == 3)
        let utf16 = YAMLParser.parse(SourceText(path: "a", bytes: [0xFF, 0xFE, 0x61, 0x00]))
        #expect(utf16.diagnostics.map(\.code) == ["yaml-encoding"])
        #expect(YAMLParser.parse(SourceText(path: "a", bytes: [0x61, 0x00])).diagnostics.map(\.code) == ["yaml-syntax"])
    }
}
