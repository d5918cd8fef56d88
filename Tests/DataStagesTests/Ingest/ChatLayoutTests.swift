import CanonicalJSON
import Engine
import Foundation
import TestSupport
import Testing

@testable import Kinds
@testable import Stages

/// One random conversation in every layout gives the same rows.
@Suite struct ChatLayoutTests {
    struct Turn {
        var question: String
        /// Calls with their results; none where the answer is words at once.
        var calls: [(name: String, arguments: String, result: String)]
        var answer: String
    }

    struct Conversation {
        var system: String
        var turns: [Turn]
    }

    static let names = ["weather", "play", "stop"]
    static let tools = names.map { name in
        #"{"name":"\#(name)","description":"Does \#(name).","parameters":{"properties":{"z":{"type":"string"},"#
            + #""a":{"minimum":1.0}},"type":"object"}}"#
    }

    static func conversation(_ random: inout TestRandom) -> Conversation {
        let words = ["Oslo", "\"Köln\"", "a 'b' \\ c", "line\nbreak", "{x}", "<b>", "日本", "100%", "It's", "[1]"]
        let values = [
            #""Oslo""#, #""a \"b\" 'c' \\ \n é""#, "12345678901234567890", "0.10", "-1e400", "[1,2.0,null]", #"{"y":1,"b":{}}"#,
            "true", "null",
        ]
        func text(_ random: inout TestRandom) -> String {
            "say " + (0...random.next(below: 3)).map { _ in words[random.next(below: words.count)] }.joined(separator: " ")
        }
        let turns = (0...random.next(below: 3)).map { _ in
            Turn(
                question: text(&random),
                calls: (0..<random.next(below: 3)).map { _ in
                    let members = ["z", "a", "é"].prefix(random.next(below: 4)).map { key in
                        "\"\(key)\":\(values[random.next(below: values.count)])"
                    }
                    return (
                        names[random.next(below: 3)], "{" + members.joined(separator: ",") + "}",
                        "{\"r\": \(random.next(below: 9))}"
                    )
                }, answer: text(&random))
        }
        return Conversation(system: random.next(below: 2) == 0 ? "" : "Be \(text(&random)).", turns: turns)
    }

    // MARK: Layouts

    static func spelled(_ text: String) -> String { JSON.string(text).canonicalText }

    static func openAI(_ chat: Conversation) -> String {
        var messages = chat.system.isEmpty ? [] : [#"{"role":"system","content":\#(spelled(chat.system))}"#]
        for turn in chat.turns {
            messages.append(#"{"role":"user","content":\#(spelled(turn.question))}"#)
            if !turn.calls.isEmpty {
                let calls = turn.calls.map {
                    #"{"type":"function","function":{"name":"\#($0.name)","arguments":\#(spelled($0.arguments))}}"#
                }
                messages.append(#"{"role":"assistant","content":null,"tool_calls":[\#(calls.joined(separator: ","))]}"#)
                messages += turn.calls.map { #"{"role":"tool","content":\#(spelled($0.result))}"# }
            }
            messages.append(#"{"role":"assistant","content":\#(spelled(turn.answer))}"#)
        }
        let tools = tools.map { #"{"type":"function","function":\#($0)}"# }
        return #"{"messages":[\#(messages.joined(separator: ","))],"tools":[\#(tools.joined(separator: ","))]}"#
    }

    /// The messages of TRL: tools as a JSON text, arguments as objects.
    static func trl(_ chat: Conversation) -> String {
        var messages = chat.system.isEmpty ? [] : [#"{"role":"developer","content":\#(spelled(chat.system))}"#]
        for turn in chat.turns {
            messages.append(#"{"role":"user","content":[{"type":"text","text":\#(spelled(turn.question))}],"tool_calls":null}"#)
            if !turn.calls.isEmpty {
                let calls = turn.calls.map {
                    #"{"type":"function","function":{"name":"\#($0.name)","arguments":\#($0.arguments)}}"#
                }
                messages.append(#"{"role":"assistant","tool_calls":[\#(calls.joined(separator: ","))]}"#)
                messages += turn.calls.map { #"{"role":"tool","name":"\#($0.name)","content":\#(spelled($0.result))}"# }
            }
            messages.append(#"{"role":"assistant","content":\#(spelled(turn.answer))}"#)
        }
        let tools = spelled("[" + tools.map { #"{"type": "function", "function": \#($0)}"# }.joined(separator: ", ") + "]")
        return #"{"tools":\#(tools),"messages":[\#(messages.joined(separator: ","))]}"#
    }

    /// Hermes and Qwen: calls, results and tools in words.
    static func hermes(_ chat: Conversation) -> String {
        let listing =
            "# Tools\n\n<tools>\n" + tools.joined(separator: "\n") + "\n</tools>\nCalls are <tool_call>\n{}\n</tool_call>"
        var messages = [
            #"{"role":"system","content":\#(spelled([chat.system, listing].filter { !$0.isEmpty }.joined(separator: "\n\n")))}"#
        ]
        for turn in chat.turns {
            messages.append(#"{"role":"user","content":\#(spelled(turn.question))}"#)
            if !turn.calls.isEmpty {
                let calls = turn.calls.map {
                    "<tool_call>\n{\"name\": \"\($0.name)\", \"arguments\": \($0.arguments)}\n</tool_call>"
                }
                messages.append(#"{"role":"assistant","content":\#(spelled(calls.joined(separator: "\n")))}"#)
                let results = turn.calls.map { "<tool_response>\n\($0.result)\n</tool_response>" }
                messages.append(#"{"role":"user","content":\#(spelled(results.joined(separator: "\n")))}"#)
            }
            messages.append(#"{"role":"assistant","content":\#(spelled(turn.answer))}"#)
        }
        return #"{"messages":[\#(messages.joined(separator: ","))]}"#
    }

    static func shareGPT(_ chat: Conversation) -> String {
        var messages: [String] = []
        for turn in chat.turns {
            messages.append(#"{"from":"human","value":\#(spelled(turn.question))}"#)
            if !turn.calls.isEmpty {
                let calls = turn.calls.map { "{\"name\": \"\($0.name)\", \"arguments\": \($0.arguments)}" }
                let value = calls.count == 1 ? calls[0] : "[" + calls.joined(separator: ", ") + "]"
                messages.append(#"{"from":"function_call","value":\#(spelled(value))}"#)
                messages += turn.calls.map { #"{"from":"observation","value":\#(spelled($0.result))}"# }
            }
            messages.append(#"{"from":"gpt","value":\#(spelled(turn.answer))}"#)
        }
        let tools = spelled("[" + tools.joined(separator: ", ") + "]")
        return #"{"conversations":[\#(messages.joined(separator: ","))],"system":\#(spelled(chat.system)),"tools":\#(tools)}"#
    }

    static func glaive(_ chat: Conversation) -> String {
        var text = ""
        for turn in chat.turns {
            text += "USER: \(turn.question)\n\n\n"
            if !turn.calls.isEmpty {
                let calls = turn.calls.map {
                    "<functioncall> {\"name\": \"\($0.name)\", \"arguments\": \($0.arguments)} </functioncall>"
                }
                text += "ASSISTANT: \(calls.joined(separator: "\n")) <|endoftext|>\n\n\n"
                text += turn.calls.map { "FUNCTION RESPONSE: \($0.result)\n\n\n" }.joined()
            }
            text += "ASSISTANT: \(turn.answer) <|endoftext|>\n\n\n"
        }
        let system =
            "SYSTEM: " + (chat.system.isEmpty ? "" : chat.system + "\n")
            + "You have access to the following functions. Use them if required -\n" + tools.joined(separator: "\n\n")
        return #"{"system":\#(spelled(system)),"chat":\#(spelled(text))}"#
    }

    /// Rows without what comes of the record's own text.
    static func rows(_ record: String) throws -> [Row] {
        let run = try StageRun(DataIngest(format: .openai), texts: ["train.0/a.jsonl": record])
        return try run.text("rows.jsonl").split(separator: "\n").enumerated().map { index, line in
            var row = try Row(json: JSON(parsingAsWritten: line.utf8))
            row.id = "\(index)"
            row.record = row.record == nil ? nil : "record"
            return row
        }
    }

    @Test(arguments: 0..<60) func everyLayoutSaysTheSame(seed: Int) throws {
        var random = TestRandom(seed: UInt64(seed))
        let chat = Self.conversation(&random)
        let rows = try Self.rows(Self.openAI(chat))
        #expect(rows.count == chat.turns.reduce(0) { $0 + 1 + ($1.calls.isEmpty ? 0 : 1) })
        let wanted = chat.turns.flatMap { turn -> [[FunctionCall]] in
            let calls = turn.calls.compactMap { call in
                (try? JSON(parsingAsWritten: call.arguments.utf8))?.object.map { FunctionCall(name: call.name, arguments: $0) }
            }
            return calls.isEmpty ? [[]] : [calls, []]
        }
        #expect(rows.map(\.answers) == wanted)
        for layout in [Self.trl, Self.hermes, Self.shareGPT, Self.glaive] {
            #expect(try Self.rows(layout(chat)) == rows)
        }
    }

    @Test func promptsAndCompletionsAreRead() throws {
        let tools = "[" + Self.tools.joined(separator: ",") + "]"
        let call = #"<tool_call>{\"name\": \"stop\", \"arguments\": {}}</tool_call>"#
        let texts = try Self.rows(#"{"prompt":"Stop it","completion":"\#(call)","tools":\#(tools)}"#)
        #expect(texts.map(\.query) == ["Stop it"] && texts[0].answers == [FunctionCall(name: "stop", arguments: [:])])
        let lists = try Self.rows(
            #"{"prompt":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},"#
                + #"{"role":"user","content":"Stop it"}],"completion":[{"role":"assistant","content":"\#(call)"}],"tools":\#(tools)}"#
        )
        #expect(lists.count == 1 && lists[0].query == "Stop it" && lists[0].background.context.count == 2)
        #expect(lists[0].answers == texts[0].answers && lists[0].record == nil)
    }

    @Test func instructionsAreRead() throws {
        let tools = Self.spelled("[" + Self.tools.joined(separator: ",") + "]")
        let rows = try Self.rows(
            #"{"instruction":"Sort these.","input":"b, a","output":"a, b","history":[["Hi","Hello"]],"system":"Be brief.","#
                + #""tools":\#(tools)}"#)
        #expect(rows.map(\.query) == ["Hi", "Sort these.\nb, a"] && rows.map(\.reply) == ["Hello", "a, b"])
        #expect(rows[1].background.instructions == "Be brief.")
        #expect(rows[1].background.context == [.init(role: .user, content: "Hi"), .init(role: .assistant, content: "Hello")])
    }
}
