import CanonicalJSON
import Engine
import Testing
import Words

/// Rows that are texts to be continued.
@Suite struct PassageRowTests {
    private static let passage = Row(passage: "It was a long speech.", id: "a.txt-1")

    @Test func aPassageComesBackFromItsLine() throws {
        #expect(
            Self.passage.json.canonicalText
                == #"{"answers":[],"functions":[],"id":"a.txt-1","passage":true,"query":"It was a long speech."}"#)
        #expect(try Row(json: Self.passage.json) == Self.passage)
        #expect(try !Row(json: PromptFormatTests.row.json).isPassage)
        #expect(PromptFormatTests.row.json["passage"] == nil)
    }

    @Test func aPassageWithFunctionsOrAnswersIsRefused() {
        for row in [
            Row(id: "r", query: "q", functions: ["play"], answers: []),
            Row(id: "r", query: "q", answers: [FunctionCall(name: "play", arguments: [:])]),
        ] {
            var row = row
            row.isPassage = true
            let json = row.json
            #expect(throws: RowError("the row 'r' is a passage of text, but has functions or answers")) {
                try Row(json: json)
            }
        }
    }

    @Test func aPassageAsksNothing() throws {
        let refusal = RowError("the row 'a.txt-1' is a passage of text, which asks nothing that could be answered")
        #expect(throws: refusal) { try Self.passage.checkThatItAsks() }
        try PromptFormatTests.row.checkThatItAsks()
    }

    @Test func aTokenizerReadsTheTextAlone() throws {
        #expect(
            try CallTask(functions: PromptFormatTests.functions).texts(of: Self.passage, in: .tools) == [Self.passage.query])
    }

    @Test func itsTokensAreThoseOfThePlainText() throws {
        try ChatPromptTests.withFolder(configuration: ChatPromptTests.configuration) { folder, _ throws in
            let encoder = try folder.prompts(.query)
            let spelled = Row(passage: "user <|im_end|>", id: "p")
            let tokens = try encoder.passageTokens(of: spelled)
            #expect(tokens == encoder.tokenizer.encodePlainText(spelled.query).map(Int32.init))
            #expect(tokens.allSatisfy { !encoder.endTokens.contains($0) })
            #expect(encoder.tokenizer.decodeWithSpecialTokens(tokens.map(Int.init)) == spelled.query)
        }
    }

    @Test func aPassageOfOneTokenIsNamed() throws {
        try ChatPromptTests.withFolder(configuration: ChatPromptTests.configuration) { folder, _ throws in
            let encoder = try folder.prompts(.query)
            #expect {
                _ = try encoder.passageTokens(of: Row(passage: "x", id: "a.txt-7"))
            } throws: {
                "\($0)".contains("'a.txt-7'")
            }
        }
    }
}
