import Diagnostics
import SpannedYAML
import Testing

/// Any bytes give a node or diagnostics, with every span inside the file.
@Suite struct FuzzTests {
    private let pieces = [
        "a", "b: ", ": ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ", "\"", "'", "|", ">", "#", "&x ", "*x", "!t ",
        "<<: ", "---\n", "...\n", "%YAML 1.1\n", "? ", "\t", "\r\n", "20%", "é", "日", "\u{85}", "\u{2028}", "\u{FEFF}", "\\x41",
        "\\",
    ]

    @Test func randomTexts() {
        var random = Stepper(state: 1)
        for _ in 0..<4000 {
            let text = (0..<random.next(below: 40)).map { _ in pieces[random.next(below: pieces.count)] }.joined()
            check(Array(text.utf8))
        }
    }

    @Test func damagedTexts() {
        var random = Stepper(state: 2)
        let recipe = Array(
            """
            decant: 1
            sources: {f: {path: f.yaml}, "g": {http: 'https://x/y', sha256: ab}}
            data:
              generate: {functions: f, count: 6k}
              split: [1, two, ~]
            text: >-
              folded
              größe
            """.utf8)
        for _ in 0..<4000 {
            var bytes = recipe
            for _ in 0...random.next(below: 3) {
                let place = random.next(below: bytes.count)
                switch random.next(below: 3) {
                case 0: bytes[place] = UInt8(random.next(below: 256))
                case 1: bytes.remove(at: place)
                default:
                    bytes.insert(contentsOf: bytes[place..<min(place + 9, bytes.count)], at: random.next(below: bytes.count))
                }
            }
            check(bytes)
        }
    }

    private func check(_ bytes: [UInt8]) {
        let source = SourceText(path: "fuzz", bytes: bytes)
        let result = YAMLParser.parse(source)
        #expect((result.node == nil) == result.diagnostics.hasErrors)
        if let node = result.node { checkSpans(node, inside: 0..<bytes.count) }
        for diagnostic in result.diagnostics {
            #expect(diagnostic.primary.span.end <= bytes.count)
            #expect(!DiagnosticRenderer.render(diagnostic).isEmpty)
        }
    }

    /// Children lie inside their parents, plain words are written as they read.
    private func checkSpans(_ node: Node, inside range: Range<Int>) {
        #expect(node.span.start >= range.lowerBound && node.span.end <= range.upperBound)
        let inner = node.span.start..<node.span.end
        switch node.content {
        case .scalar(let scalar):
            if scalar.style == .plain, !scalar.text.isEmpty, scalar.text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x80 }) {
                #expect(node.span.text == scalar.text)
            }
        case .sequence(let elements): for element in elements { checkSpans(element, inside: inner) }
        case .mapping(let entries):
            for entry in entries {
                checkSpans(entry.key, inside: inner)
                checkSpans(entry.value, inside: inner)
            }
        }
    }
}

/// A small generator of our own, so that a failure repeats.
struct Stepper {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}
