import CanonicalJSON
import TestSupport
import Testing

@testable import Engine

/// What is read of answers in models' own forms.
@Suite struct CallFormTests {
    private static func calls(_ form: String, _ answer: String) throws -> [FunctionCall] {
        try #require(CallForms.named(form)).calls(in: answer)
    }

    private static func fault(_ form: String, _ answer: String) -> String? {
        do throws(RowError) {
            _ = try CallForms.named(form)?.calls(in: answer)
            return nil
        } catch {
            return error.description
        }
    }

    private static let light = FunctionCall(name: "set_light", arguments: ["level": 40, "room": "Ann's"])
    private static let stop = FunctionCall(name: "stop", arguments: [:])

    @Test(arguments: ToolTemplate.all.map(\.form)) func anAnswerOfAFormIsItsCall(form: String) throws {
        let call = try #require(ToolTemplate.named(form)).call
        #expect(try Self.calls(form, call) == [Self.light])
        #expect(try Self.calls(form, " \n" + call + "\n") == [Self.light])
        #expect(try Self.calls(form, "I cannot do that.") == [])
        #expect(try Self.calls(form, "") == [])
        #expect(try Self.calls(form, "[]") == [])
        // Decant's own spelling is words to such a model.
        #expect(try Self.calls(form, #"[{"name":"stop","arguments":{}}]"#) == [])
    }

    @Test(arguments: [
        (
            "hermes",
            "Sure.\n<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>\n<tool_call>{\"name\": \"set_light\", "
                + "\"arguments\": {\"level\": 40, \"room\": \"Ann's\"}}</tool_call> Done."
        ),
        (
            "hermes",
            "<think>\nIs it <tool_call>{}?\n</think>\n\n<tool_call>{\"name\": \"stop\", \"arguments\": {}}</tool_call>"
                + "<tool_call>{\"arguments\": {\"room\": \"Ann's\", \"level\": 40}, \"name\": \"set_light\"}"
        ),
        (
            "llama",
            "<|python_tag|>{\"name\": \"stop\", \"parameters\": {}}; {\"name\": \"set_light\", \"arguments\": "
                + "{\"level\": 40, \"room\": \"Ann's\"}, \"type\": \"function\"}"
        ),
        ("pythonic", #"<|python_tag|>[stop(), set_light(room = 'Ann\'s', level=40,)]<|python_end|>"#),
        ("pythonic", #"<|tool_call_start|>[stop(),set_light(level=40,room="Ann\u0027s")]<|tool_call_end|>"#),
        (
            "mistral",
            "Well: [TOOL_CALLS][{\"name\": \"stop\", \"arguments\": {}, \"id\": \"abcdef123\"}, {\"name\": \"set_light\", "
                + "\"arguments\": {\"level\": 40, \"room\": \"Ann's\"}}]"
        ),
        (
            "mistral-args",
            "[TOOL_CALLS]stop[CALL_ID]abcdef123[ARGS]{}[TOOL_CALLS]set_light[ARGS] {\"level\": 40, \"room\": \"Ann's\"}"
        ),
        (
            "functiongemma",
            "<start_function_call>call:stop{}<end_function_call><start_function_call>call:set_light{room:<escape>Ann's<escape>, "
                + "level:40}<end_function_call>"
        ),
    ]) func severalCallsAreReadInOrder(form: String, answer: String) throws {
        #expect(try Self.calls(form, answer) == [Self.stop, Self.light])
    }

    @Test func valuesOfEveryTypeAreRead() throws {
        let wanted: [String: JSON] = [
            "a": [1, -2, .decimal("2.50")], "b": true, "c": nil, "d": ["x": ["y": "z"]], "e": "a\"b\n\\ü🌍", "f": false,
            "g": [],
        ]
        let json =
            #"{"a": [1, -2, 2.50], "b": true, "c": null, "d": {"x": {"y": "z"}}, "e": "a\"b\n\\ü🌍", "f": false, "g": []}"#
        let answers = [
            "hermes": "<tool_call>{\"name\": \"f\", \"arguments\": \(json)}</tool_call>",
            "llama": "{\"name\": \"f\", \"parameters\": \(json)}", "mistral-args": "[TOOL_CALLS]f[ARGS]\(json)",
            "pythonic":
                #"[f(a=[1, -2, 2.50], b=True, c=None, d={'x': {"y": 'z'}}, e='a"b\n\\ü\ud83c\udf0d', f=False, g=())]"#,
            "functiongemma":
                "<start_function_call>call:f{a:[1,-2,2.50],b:true,c:null,d:{x:{y:<escape>z<escape>}},"
                + "e:<escape>a\"b\n\\ü🌍<escape>,f:false,g:[]}<end_function_call>",
        ]
        for (form, answer) in answers.sorted(by: { $0.key < $1.key }) {
            let calls = try Self.calls(form, answer)
            #expect(calls.map(\.name) == ["f"] && calls.first?.arguments == wanted, "\(form): \(calls)")
        }
    }

    @Test(arguments: [
        ("hermes", "<tool_call>\n</tool_call>", "a call is not JSON: no JSON value starts with this character at column 1"),
        ("hermes", "<tool_call>{\"name\": \"f\"}</tool_call>", "the call of 'f' has no 'arguments' object"),
        (
            "hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {}}}</tool_call>",
            "something follows a call before </tool_call>"
        ),
        ("hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {}, \"x\": 1}", "the call of 'f' has a field 'x'"),
        ("llama", "{\"name\": \"f\", \"parameters\": \"a\"}", "the call of 'f' has no 'parameters' object"),
        ("llama", "{\"name\": \"f\", \"parameters\": {}} and", "something follows the last call"),
        ("llama", "<|python_tag|>print(1)", "a call is not JSON: no JSON value starts with this character at column 1"),
        ("pythonic", "[f(1)]", "the call of 'f' has an argument without a name"),
        ("pythonic", "[f(a=1, a=2)]", "the call of 'f' has the argument 'a' twice"),
        ("pythonic", "[f(a='x)]", "a text is not closed"), ("pythonic", "[f(a=x)]", "'x' is no value"),
        ("pythonic", "[f(a=1) g()]", "',' is missing in the list of calls"),
        ("mistral", "[TOOL_CALLS]play[ARGS]{}", "a call is not JSON: no JSON value starts with this character at column 1"),
        ("mistral-args", "[TOOL_CALLS] [{}]", "[TOOL_CALLS] has no [ARGS]"),
        ("mistral-args", "[TOOL_CALLS]f[ARGS][]", "the call of 'f' has no object after [ARGS]"),
        ("functiongemma", "<start_function_call>f{}", "<start_function_call> is not followed by 'call:'"),
        ("functiongemma", "<start_function_call>call:f{a:b}", "'b' is no value; texts stand between <escape> and <escape>"),
        ("functiongemma", "<start_function_call>call:f{a:<escape>b}", "a text is not closed by <escape>"),
    ]) func whatIsNoCallIsNamed(form: String, answer: String, reason: String) {
        #expect(Self.fault(form, answer) == reason)
    }

    @Test func deepNestingIsRefused() {
        let deep = String(repeating: "[", count: 100_000)
        let answers = [
            "hermes": "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \(deep)", "llama": "{\"name\": \(deep)",
            "pythonic": "[f(a=\(deep)", "mistral": "[TOOL_CALLS]\(deep)", "mistral-args": "[TOOL_CALLS]f[ARGS]\(deep)",
            "functiongemma": "<start_function_call>call:f{a:\(deep)",
        ]
        for (form, answer) in answers { #expect(Self.fault(form, answer) != nil, "\(form)") }
    }

    /// Damaged answers are read as calls, or refused; what is refused never passes for a list of calls.
    @Test(arguments: ToolTemplate.all.map(\.form)) func damagedAnswersNeverCrash(form: String) throws {
        let form = try #require(CallForms.named(form))
        let pieces = ToolTemplate.all.map(\.call).flatMap { call in [call] + call.map(String.init) } + form.marks
        var random = TestRandom(seed: 5)
        for round in 0..<4000 {
            var bytes = Array(ToolTemplate.named(form.name)?.call.utf8 ?? "".utf8)
            for _ in 0...random.next(below: 4) {
                let place = random.next(below: bytes.count + 1)
                switch random.next(below: 4) {
                case 0: bytes.removeSubrange(place...)
                case 1: bytes.insert(contentsOf: pieces[random.next(below: pieces.count)].utf8, at: place)
                case 2 where place < bytes.count: bytes[place] = UInt8(random.next(below: 256))
                default: bytes.removeSubrange(..<place)
                }
            }
            let answer = String(decoding: bytes, as: UTF8.self)
            let response = ModelResponse(NativeAnswer(form: form.name, text: answer), in: form)
            let isList = (try? CallParser.calls(in: response.text).get()) != nil
            #expect(isList == (response.fault == nil), "\(form.name), round \(round): \(answer)")
        }
    }

    @Test func whatAModelSaidIsKeptBesideItsCalls() throws {
        let answer = NativeAnswer(form: "hermes", text: "Yes. <tool_call>{\"name\": \"stop\", \"arguments\": {\"n\": 1.50}}")
        let response = ModelResponse(answer, in: HermesForm())
        #expect(response.text == #"[{"name":"stop","arguments":{"n":1.50}}]"# && response.words == nil)
        #expect(response.native == answer && NativeAnswer(json: answer.json) == answer)
        let words = ModelResponse(NativeAnswer(form: "hermes", text: "No."), in: HermesForm())
        #expect(words.text == "[]" && words.words == "No." && words.fault == nil)
    }
}
