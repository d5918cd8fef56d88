import CanonicalJSON
import TestSupport
import Testing
import Words

@testable import Engine
@testable import Serving

/// Calls and texts are told as they come, whatever the pieces are.
@Suite struct CallStreamTests {
    private static let texts: [(text: String, calls: [String])] = [
        ("[]", []), (#"[{"name":"f","arguments":{}}]"#, ["f {}"]),
        (#"[{"name":"f","arguments":{"a":[1,{"b":"}]"}],"c":"\"{\\"}}]"#, [#"f {"a":[1,{"b":"}]"}],"c":"\"{\\"}"#]),
        (
            #"[{"name":"f","arguments":{"a":"é😀"}},{"name":"g\"h","arguments":{"x":1.5}}]"#,
            [#"f {"a":"é😀"}"#, #"g"h {"x":1.5}"#]
        ),
    ]

    @Test(arguments: texts.indices, [1, 2, 3, 7, 1000])
    func callsAreTheSameInPiecesOfAnySize(place: Int, size: Int) {
        let (text, wanted) = Self.texts[place]
        var stream = CallStream()
        var calls: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            for part in stream.add(bytes[start..<min(bytes.count, start + size)]) {
                switch part {
                case .name(let name): calls.append(name + " ")
                case .arguments(let arguments): calls[calls.count - 1] += arguments
                }
            }
        }
        #expect(calls == wanted)
        #expect(CallStream.calls(in: text)?.map { "\($0.name) \($0.arguments)" } == wanted)
    }

    /// A call's parts depend on its text alone, not on how it comes: so do the events of a stream.
    @Test(arguments: [2, 3, 7, 1000])
    func thePartsAreTheSameInPiecesOfAnySize(size: Int) {
        let bytes = Array(#"[{"name":"f","arguments":{"a":"ein schöner Tag, 日本 😀","b":[1,{"c":null}]}},{"name":"g","arg"#.utf8)
        func parts(_ size: Int) -> [CallStream.Part] {
            var stream = CallStream()
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min(bytes.count, $0 + size)] }
            return pieces.flatMap { stream.add($0) } + stream.rest()
        }
        #expect(parts(size) == parts(1))
        #expect(parts(1).count > 4)
    }

    @Test func argumentsThatAreNotWholeAreToldAtTheEnd() {
        var stream = CallStream()
        var parts = stream.add(Array(#"[{"name":"f","arguments":{"a":"b"#.utf8))
        #expect(parts == [.name("f")])
        parts = stream.rest()
        #expect(parts == [.arguments(#"{"a":"b"#)])
    }

    @Test(arguments: ["", "[", "words", #"[{"name":"f","arguments":{}}"#, #"[{"name":"f", "arguments":{}}]"#, "[] ", "[1]"])
    func otherTextsAreNoCalls(text: String) { #expect(CallStream.calls(in: text) == nil) }

    /// Characters of several bytes are told when they are whole.
    @Test func aTextComesToItself() throws {
        let tokenizer = try TokenizerTrainer(vocabularySize: 270).train(on: ["ein schöner Tag", "日本"])
        let text = "schöner Tag, 日本 😀 ok"
        var stream = StreamedText(tokenizer)
        var parts: [String] = []
        for token in tokenizer.encodePlainText(text) { parts.append(stream.add([Int32(token)])) }
        #expect(!parts.contains { $0.contains("\u{FFFD}") })
        #expect(parts.joined() + stream.rest(of: text) == text)
        #expect(parts.count { !$0.isEmpty } > 5)
    }

    /// The order of a schema's members is that of its author, and what no grammar can hold is refused.
    @Test func aWrittenSchemaKeepsItsOrder() throws {
        let written: JSON = .object(inOrder: [
            ("type", "object"),
            ("properties", .object(inOrder: [("z", ["$ref": "#/$defs/n"]), ("a", ["type": "string"])])),
            ("$defs", ["n": ["type": "integer"]]),
        ])
        let schema = try ObjectSchema(written: written, named: "x")
        #expect(schema.fields.map(\.name) == ["z", "a"] && schema.fields[0].schema["type"] == "integer")
        let other: JSON = ["type": "object", "properties": ["a": ["type": "string", "pattern": "x+"]]]
        let error = #expect(throws: RowError.self) { try ObjectSchema(written: other, named: "x") }
        #expect(error?.description.contains("'pattern'") == true)
    }
}
