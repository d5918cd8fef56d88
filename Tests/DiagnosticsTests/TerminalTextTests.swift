import Diagnostics
import Testing

@Suite struct TerminalTextTests {
    @Test func whatATerminalActsOnIsWrittenOut() {
        #expect(TerminalText.shown("\u{1B}[31mred\u{1B}]0;title\u{7}") == "\\u{1B}[31mred\\u{1B}]0;title\\u{7}")
        #expect(TerminalText.shown("a\rb\u{8}c\u{7F}d\u{0}") == "a\\u{D}b\\u{8}c\\u{7F}d\\u{0}")
        #expect(TerminalText.shown("\u{9B}31m") == "\\u{9B}31m")
        #expect(TerminalText.shown("a\u{2028}b\u{2029}") == "a\\u{2028}b\\u{2029}")
    }

    @Test(arguments: [
        "\u{202A}", "\u{202B}", "\u{202C}", "\u{202D}", "\u{202E}", "\u{2066}", "\u{2069}", "\u{200E}", "\u{200F}", "\u{61C}",
    ])
    func marksThatReorderTextAreWrittenOut(mark: String) {
        let shown = TerminalText.shown("a\(mark)txt.exe")
        #expect(!shown.contains(mark) && shown.hasPrefix("a\\u{"))
    }

    @Test func otherTextStays() {
        let text = "line\n\ttab é 漢字 👩‍👩‍👧 \u{301} עברית"
        #expect(TerminalText.shown(text) == text)
    }
}
