import Foundation
import Testing

@testable import Stages

/// Plain texts, cut into passages.
@Suite struct PassageReaderTests {
    private func passages(_ text: String) throws -> [String] {
        try PassageReader.passages(in: Data(text.utf8), file: "a.txt")
    }

    /// A paragraph of so many letters, in words of nine.
    private func paragraph(_ letter: Character, _ length: Int) -> String {
        String((0..<length).map { $0 % 10 == 9 ? " " : letter }.dropLast()) + String(letter)
    }

    @Test func paragraphsAreJoinedUntilTheyAreLongEnough() throws {
        let (a, b, c, d) = (paragraph("a", 250), paragraph("b", 360), paragraph("c", 700), paragraph("d", 30))
        let text = "\n\n\(a)\n \t\n\n\(b)\n\n\(c)\n\n\(d)\n"
        #expect(try passages(text) == ["\(a)\n\n\(b)", c, d])
    }

    @Test func linesOfAParagraphStayLines() throws {
        #expect(try passages("  One line of prose,  \n  and another one.\n") == ["One line of prose,\n  and another one."])
    }

    @Test func carriageReturnsMakeNoDifference() throws {
        let (a, b) = (paragraph("a", 610), paragraph("b", 40))
        let text = "\(a)\nand so on\n\n\(b)\n"
        let expected = ["\(a)\nand so on", b]
        #expect(try passages(text) == expected)
        #expect(try passages(text.replacingOccurrences(of: "\n", with: "\r\n")) == expected)
        #expect(try passages("\u{FEFF}" + text) == expected)
    }

    @Test func aLongParagraphIsCutAtWhiteSpace() throws {
        let text = paragraph("a", 2950)
        let found = try passages(text)
        #expect(found.count == 3)
        #expect(found.allSatisfy { (900...PassageReader.longest).contains($0.count) })
        #expect(found.joined(separator: " ") == text)
    }

    @Test func aLongWordIsCutAnywhere() throws {
        let text = String(repeating: "語", count: 3000)
        let found = try passages(text)
        #expect(found.map(\.count) == [1000, 1000, 1000])
        #expect(found.joined() == text)
        // White space at the very beginning is no place to cut.
        #expect(try passages("ab " + text.dropLast(1000)).map(\.count) == [1002, 1001])
    }

    @Test func aRemainderBelongsToThePassageBefore() throws {
        let a = paragraph("a", 600)
        #expect(try passages("\(a)\n\nThe end.\n") == ["\(a)\n\nThe end."])
        #expect(try passages("\(a)\n\nThis is not the end.\n") == [a, "This is not the end."])
        #expect(try passages("The end.\n") == [])
    }

    @Test func anEmptyTextHasNone() throws {
        #expect(try passages("") == [])
        #expect(try passages(" \r\n\n\t\n") == [])
    }

    @Test func whatIsNotUTF8IsNamedByItsLine() {
        #expect {
            _ = try PassageReader.passages(in: Data("one\ntwo\n".utf8) + Data([0xC3, 0x28, 0x0A]), file: "a.txt")
        } throws: {
            "\($0)" == "a.txt, line 3: not UTF-8; save the text in UTF-8"
        }
    }
}
