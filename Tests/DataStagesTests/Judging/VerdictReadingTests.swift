import CanonicalJSON
import Engine
import Testing
import Words

@testable import Kinds
@testable import Stages

/// What a judging model's reply comes to.
@Suite struct VerdictReadingTests {
    private static func read(_ text: String, _ reading: VerdictReading, isWhole: Bool = true) -> ReadReply {
        reading.read(JudgingReply(text: text, isWhole: isWhole))
    }

    @Test(arguments: [
        ("The calls fit.\n\nyes", "yes", "The calls fit."), ("It calls play.\nVerdict: **No.**\n", "no", "It calls play."),
        ("<think>Is it x?</think>\nYes", "yes", "Is it x?"), ("Is it x? So no.</think>no", "no", "Is it x? So no."),
        ("<think>a</think>b\nyes", "yes", "a\n\nb"),
    ])
    func theLastLineIsTheVerdict(text: String, word: String, rationale: String) {
        #expect(Self.read(text, .lastLine) == ReadReply(word: word, rationale: rationale))
    }

    @Test(arguments: ["<think>yes", "", "\n \n"])
    func whatIsLeftOpenOrEmptyIsNoVerdict(text: String) {
        #expect(Self.read(text, .lastLine).word == nil)
    }

    @Test func aReplyThatIsCutOffIsNoVerdict() {
        for reading in VerdictReading.named { #expect(Self.read("yes", reading, isWhole: false).word == nil) }
        #expect(Self.read("reasons\nyes", .lastLine, isWhole: false).rationale == "reasons")
    }

    @Test(arguments: [
        (#"{"reason": "the room is another", "verdict": "no"}"#, "no", "the room is another"),
        ("```json\n{\"verdict\": true, \"reason\": \"it fits\"}\n```", "yes", "it fits"),
        (#"<think>{"a": 1}</think>So: {"grade": 4, "reason": "{} is odd"}"#, "4", "{\"a\": 1}\n\n{} is odd"),
        (#"{"calls": {"verdict": "x"}, "verdict": "No"}"#, "no", #"{"calls": {"verdict": "x"}, "verdict": "No"}"#),
    ])
    func anObjectHasTheVerdict(text: String, word: String, rationale: String) {
        #expect(Self.read(text, .json) == ReadReply(word: word, rationale: rationale))
    }

    @Test func whatIsNoObjectHasNoVerdict() {
        for text in ["yes", "{verdict: yes}", #"{"answer": "yes"}"#, "}{"] { #expect(Self.read(text, .json).word == nil) }
    }

    @Test func aPatternFindsTheVerdict() {
        #expect(Self.read("[[A]] or [[B]]: [[yes]]", .pattern(#"\[\[(\w+)\]\]"#)).word == "yes")
        #expect(Self.read("Final: NO!", .pattern("NO|YES")) == ReadReply(word: "no", rationale: "Final:"))
        #expect(Self.read("yes", .pattern("verdict (.*)")).word == nil)
    }

    /// A reply of one word is read as it always was: strictly.
    @Test func aWordAllowsNoReasoning() {
        #expect(ModelVerdict(reply: JudgingReply(text: "<think>x</think>yes", isWhole: true)) == nil)
        #expect(ModelVerdict(reply: JudgingReply(text: "so yes", isWhole: true)) == nil)
    }

    /// Keys have it as recipes do.
    @Test func itIsEncodedAsItIsWritten() throws {
        for (reading, text) in [
            (VerdictReading.word, #""word""#), (.lastLine, #""last_line""#), (.json, #""json""#),
            (.pattern("(yes|no)"), #"{"pattern":"(yes|no)"}"#),
        ] {
            let json = try JSON(encoding: reading)
            #expect(json.canonicalText == text)
            #expect(try json.decode(VerdictReading.self) == reading)
        }
        #expect(throws: (any Error).self) { try JSON.string("first_line").decode(VerdictReading.self) }
    }
}
