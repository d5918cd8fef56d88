import CanonicalJSON
import Testing

@testable import Engine

/// Arguments that are copied from the question.
@Suite struct CopiedTextTests {
    static let functions = [
        FunctionDefinition(
            name: "play", summary: "",
            parameters: [
                "type": "object", "required": ["song"],
                "properties": ["song": ["type": "string", "copy": true], "mood": ["type": "string"]],
            ])
    ]

    private static func accepts(_ song: String, of question: String?, mood: String? = nil) -> Bool {
        let arguments = (mood.map { "\"mood\":\"\($0)\"," } ?? "") + "\"song\":\(JSON.string(song).canonicalText)"
        var states = ByteStates(.calls(of: functions, copyingFrom: question))
        let text = "[{\"name\":\"play\",\"arguments\":{\(arguments)}}]"
        return states.accepts(text)
    }

    @Test func valuesArePartsOfTheQuestionAtTheEndsOfWords() {
        let question = "Play  \"Hey Jude\",\nplease"
        for song in ["Hey", "Jude", "Hey Jude", "\"Hey Jude\"", "Play", "Play  \"Hey", "Jude\",\nplease", ",", question] {
            #expect(Self.accepts(song, of: question), "\(song)")
        }
        for song in ["", "He", "ude", "hey jude", "Hey  Jude", "Hey please", "Jude Hey", "Hey Jude ", "Yesterday"] {
            #expect(!Self.accepts(song, of: question), "\(song)")
        }
    }

    @Test func onlyWhatTheSchemaSaysIsCopied() {
        #expect(Self.accepts("x", of: "play x", mood: "anything at all"))
        #expect(Self.accepts("anything", of: nil) && Self.accepts("anything", of: " "))
        // Equal choices share a constraint, whatever was asked.
        let free = [FunctionDefinition(name: "f", summary: "", parameters: ["properties": ["a": ["type": "string"]]])]
        #expect(BytePattern.calls(of: free, copyingFrom: "x") == .calls(of: free))
    }

    /// Where words have no spaces between them, a value begins and ends at any character.
    @Test func charactersOfScriptsWithoutSpacesAreApart() {
        #expect(Self.accepts("京の", of: "東京の天気") && Self.accepts("天気", of: "東京の天気"))
        #expect(!Self.accepts("東天", of: "東京の天気"))
        #expect(Self.accepts("Grüße", of: "Sag Grüße!") && !Self.accepts("Gr", of: "Sag Grüße!"))
    }

    @Test func oneCallAtLeastCanBeWanted() {
        var states = ByteStates(.calls(of: Self.functions, isEmptyAllowed: false, copyingFrom: "x"))
        func accepts(_ text: String) -> Bool {
            states.accepts(text)
        }
        let call = "{\"name\":\"play\",\"arguments\":{\"song\":\"x\"}}"
        #expect(accepts("[\(call)]") && accepts("[\(call),\(call)]") && !accepts("[]"))
    }
}

extension ByteStates {
    /// Whether the pattern has this text.
    mutating func accepts(_ text: String) -> Bool {
        let end = text.utf8.reduce(ByteStates.start) { state(after: $1, from: $0) }
        return isAccepting(end)
    }
}
