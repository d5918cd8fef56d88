import CanonicalJSON
import Testing

@testable import Engine
@testable import Kinds
@testable import Stages

/// Which text arguments may only be copied from the question.
@Suite struct CopiedArgumentTests {
    private static let play = FunctionDefinition(
        name: "play", summary: "",
        parameters: [
            "type": "object",
            "properties": [
                "artist": ["type": "string"], "song": ["type": "string"], "volume": ["type": "integer"],
                "room": ["type": "string", "enum": ["kitchen"]], "mood": ["type": "string"],
            ],
        ])

    private static func row(_ id: String, _ query: String, _ arguments: [String: JSON], set: String? = nil) -> Row {
        var row = Row(id: id, query: query, answers: [FunctionCall(name: "play", arguments: arguments)])
        row.set = set
        return row
    }

    private static func copied(_ rows: [Row]) -> [String] {
        var copied = CopiedArguments()
        for row in rows { copied.add(row) }
        return copied.marked(play).properties.filter { $0.schema["copy"] == true }.map(\.name)
    }

    @Test func whatStandsInEveryQuestionIsCopied() {
        let rows = [
            Self.row("a", "play hey jude by the beatles at 7", ["artist": "the beatles", "song": "hey jude", "volume": 7]),
            Self.row("b", "play Yesterday in the kitchen", ["song": "yesterday", "room": "kitchen"]),
        ]
        // 'song' was written otherwise once; an enumeration stays one, and a number is no text.
        #expect(Self.copied(rows) == ["artist"])
        #expect(Self.copied(rows.reversed()) == ["artist"])
    }

    @Test func rowsOfOtherSetsTellNothing() {
        let rows = [
            Self.row("a", "play hey jude", ["song": "hey jude"], set: "train"),
            Self.row("b", "play something sad", ["song": "adagio", "mood": "sad"], set: "test"),
        ]
        #expect(Self.copied(rows) == ["song"])
    }

    /// An answer copies whole words, so that a part of one cannot be said.
    @Test func aPartOfAWordIsNotCopied() {
        #expect(Self.copied([Self.row("a", "play the beatles", ["artist": "beatle"])]) == [])
        #expect(Self.copied([Self.row("a", "play my wife's songs", ["artist": "my wife"])]) == ["artist"])
        // The same letters in other bytes.
        #expect(Self.copied([Self.row("a", "play caf\u{E9}", ["song": "cafe\u{301}"])]) == [])
    }

    @Test func rowsThatAreMixedIntoTrainingCount() {
        let rows = [
            Self.row("a", "play hey jude", ["song": "hey jude"]),
            Self.row("b", "play something sad", ["song": "adagio"], set: "train+others"),
        ]
        #expect(Self.copied(rows) == [])
    }

    @Test func anEmptyTextStandsNowhere() {
        #expect(Self.copied([Self.row("a", "play", ["song": ""])]) == [])
    }

    /// Without the parameter, functions are as they came.
    @Test(arguments: [false, true]) func theStageMarksThemWhereItIsToldTo(copy: Bool) throws {
        let tool = #"{"name":"play","parameters":{"type":"object","properties":{"song":{"type":"string"}}}}"#
        let line =
            #"{"id":"a","query":"play hey jude","tools":["# + tool
            + #"],"answers":[{"name":"play","arguments":{"song":"hey jude"}}],"expect":"calls"}"#
        var ingest = DataIngest(format: .decant)
        ingest.copy = copy
        let run = try StageRun(ingest, texts: ["train.0/rows.jsonl": line])
        #expect(try run.json("functions.json").canonicalText.contains(#""copy":true"#) == copy)
    }
}
