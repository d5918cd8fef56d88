import CanonicalJSON
import Engine
import Foundation
import Testing

@testable import Kinds
@testable import Stages

/// What the stages of data make of passages, alone and among rows of calls.
@Suite struct PassageStagesTests {
    /// Forty passages, each of one paragraph.
    private static let text = (0..<40).map { number in
        (0..<80).map { "word\($0 * 40 + number)" }.joined(separator: " ")
    }.joined(separator: "\n\n")

    private static let kind = DataIngest(format: .text, formats: ["train.1": .decant], sets: ["prose"])

    private static let texts = [
        "train.0/speeches.txt": text,
        "train.1/rows.jsonl": (0..<6).map { NamedSetTests.decant("row\($0)", "play \($0)") }.joined(separator: "\n"),
        "set.0/more.txt": "Another text, of a single paragraph.",
    ]

    private static func split(valid: Double = 0, candidates: Int = 0) throws -> StageRun {
        let run = try StageRun(kind, texts: texts)
        return try StageRun(
            DataSplit(test: 0.3, valid: valid, outOfDomain: [], candidates: candidates, limit: [:], seed: 1),
            inputs: run.folder(as: "data"))
    }

    private static func rows(_ run: StageRun, _ file: String) throws -> [Row] {
        try run.lines(file).map { try Row(json: $0) }
    }

    @Test func aTextIsReadAsPassages() throws {
        let run = try StageRun(Self.kind, texts: Self.texts)
        let rows = try Self.rows(run, "rows.jsonl")
        let passages = rows.filter(\.isPassage)
        #expect(rows.count == 47 && passages.count == 41)
        #expect(passages.first?.id == "speeches.txt-1" && passages[39].id == "speeches.txt-40")
        #expect(passages.last?.id == "more.txt-1" && passages.last?.set == "prose")
        #expect(passages.allSatisfy { $0.functions.isEmpty && $0.answers.isEmpty && $0.definitions == nil })
        #expect(passages.prefix(40).map(\.query).joined(separator: "\n\n") == Self.text)
        #expect(try run.json("functions.json").array?.count == 1)
    }

    @Test func filesOfOneNameAreNumberedOn() throws {
        let run = try StageRun(
            DataIngest(format: .text),
            texts: ["train.0/a.txt": "A text of more than twenty letters.", "train.1/a.txt": "Another one of as many letters."])
        #expect(try Self.rows(run, "rows.jsonl").map(\.id) == ["a.txt-1", "a.txt-2"])
    }

    @Test func textsAloneAreData() throws {
        let run = try StageRun(DataIngest(format: .text), texts: ["train.0/a.txt": Self.text])
        #expect(try run.json("functions.json") == [])
        let split = try StageRun(
            DataSplit(test: 0.2, valid: 0, outOfDomain: [], candidates: 4, similar: 0.5, missing: 0.5, limit: [:], seed: 1),
            inputs: run.folder(as: "data"))
        #expect(try Self.rows(split, "train.jsonl").count + Self.rows(split, "test.jsonl").count == 40)
        let failure = StageRun.failure(DataIngest(format: .text), texts: ["train.0/a.txt": " \n"])
        #expect(failure.contains("the files hold no row"))
    }

    @Test func passagesAreSharedAmongTheSetsAndListNothing() throws {
        let run = try Self.split(valid: 0.2, candidates: 3)
        for set in ["train", "valid", "test", "prose"] {
            let passages = try Self.rows(run, "\(set).jsonl").filter(\.isPassage)
            #expect(!passages.isEmpty, "\(set)")
            #expect(passages.allSatisfy { $0.functions.isEmpty && $0.definitions == nil }, "\(set)")
        }
        let calls = try ["train", "valid", "test"].flatMap { try Self.rows(run, "\($0).jsonl") }.filter { !$0.isPassage }
        #expect(calls.count == 6 && calls.allSatisfy { $0.functions == ["play"] })
    }

    @Test func passagesStayAsTheyAreInWhatPreparesPrompts() throws {
        let split = try Self.split()
        let inputs = try split.folder(as: "data")
        let snippets = ["snippets/facts.jsonl": Data(#"{"text":"word7 word8 play"}"#.utf8)]
        let runs = [
            try StageRun(DataRetrieve(method: .bm25, topK: 1, addMissed: true), inputs: inputs),
            try StageRun(DataKnowledge(method: .bm25, topK: 1), inputs: inputs.merging(snippets) { $1 }),
            try StageRun(DataCompressPrompt(), inputs: inputs),
        ]
        let before = try Self.rows(split, "train.jsonl").filter(\.isPassage)
        for run in runs { #expect(try Self.rows(run, "train.jsonl").filter(\.isPassage) == before) }
    }

    @Test func rowsOfCallsCannotSayThatTheyArePassages() {
        let row = #"{"id":"a","query":"x","tools":[],"answers":[],"expect":"no_call","passage":true}"#
        let failure = StageRun.failure(DataIngest(format: .decant), texts: ["train.0/rows.jsonl": row])
        #expect(failure.contains("rows.jsonl, line 1") && failure.contains("the format 'text'"), "\(failure)")
    }

    @Test func aTokenizerLearnsNoReasoningAboutATextAlone() throws {
        let run = try StageRun(DataIngest(format: .text), texts: ["train.0/a.txt": String(repeating: "ab ab. ", count: 40)])
        let data = [
            "data/functions.json": Data("[]".utf8), "data/train.jsonl": Data(try run.text("rows.jsonl").utf8),
        ]
        let plain = try StageRun(TokenizerTrain(vocabulary: 280, prompt: .tools), inputs: data)
        let reasoning = try StageRun(TokenizerTrain(vocabulary: 280, prompt: .tools, answer: .reasoning), inputs: data)
        #expect(try plain.json("tokenizer.json") == reasoning.json("tokenizer.json"))
    }
}

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
