import CanonicalJSON
import Engine
import Foundation
import Testing
import Words

@testable import Kinds
@testable import Stages

/// Chats and what becomes of them.
@Suite struct ChatIngestTests {
    static let tool =
        #"{"type":"function","function":{"name":"weather","description":"","parameters":{"type":"object","properties":{"city":"#
        + #"{"type":"string"},"days":{"type":"integer"}},"required":[]}}}"#
    static let call = #"{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}"#
    /// As models write it, within a JSON text.
    static let spelled = #"{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}"#
    static let said = #"{"role":"user","content":"Weather in Oslo?"}"#
    static let calling = #"{"role":"assistant","content":null,"tool_calls":[\#(call)]}"#
    static let answer: JSON = [["name": "weather", "arguments": ["city": "Oslo"]]]

    static func chat(_ messages: String..., tools: String = "\"tools\":[\(tool)]", id: String? = nil) -> String {
        "{" + (id.map { "\"id\":\($0)," } ?? "") + "\"messages\":[" + messages.joined(separator: ",") + "]"
            + (tools.isEmpty ? "" : "," + tools) + "}"
    }

    static func rows(_ lines: String..., file: String = "train.0/a.jsonl") throws -> [JSON] {
        try StageRun(DataIngest(format: .openai), texts: [file: lines.joined(separator: "\n")]).lines("rows.jsonl")
    }

    static func failure(_ lines: String...) -> String {
        StageRun.failure(DataIngest(format: .openai), texts: ["train.0/a.jsonl": lines.joined(separator: "\n")])
    }

    static func report(_ lines: String...) throws -> JSON {
        try StageRun(DataIngest(format: .openai), texts: ["train.0/a.jsonl": lines.joined(separator: "\n")]).json(
            "reading.json")
    }

    static func count(_ reason: SkipReason, in report: JSON) -> Int { report["skipped"]?[reason.words]?["count"]?.integer ?? 0 }

    // MARK: Calls

    @Test(arguments: [
        calling,
        #"{"role":"assistant","content":"","function_call":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}"#,
        #"{"role":"assistant","function_call":{"name":"weather","arguments":{"city":"Oslo"}},"tool_calls":null}"#,
        #"{"role":"assistant","content":null,"function_call":null,"tool_calls":"[\#(spelled)]"}"#,
        #"{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"weather","arguments":"\"{\\\"city\\\":\\\"Oslo\\\"}\""}}]}"#,
        #"{"role":"model","content":"<tool_call>\n\#(spelled)\n</tool_call>"}"#,
        #"{"role":"assistant","content":"<think>\nA city.\n</think>\n\n<tool_call>\n\#(spelled)"}"#,
        #"{"role":"assistant","content":"<tool_call>{'name': 'weather', 'arguments': {'city': 'Oslo'}}</tool_call><|im_end|>"}"#,
        #"{"role":"assistant","content":"<functioncall> {\"name\": \"weather\", \"arguments\": '{\"city\": \"Oslo\"}'} <|endoftext|>"}"#,
        #"{"role":"assistant","content":"<function_call>\#(spelled)</function_call>"}"#,
        #"{"role":"assistant","content":"<|python_tag|>{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\"}}<|eom_id|>"}"#,
        #"{"role":"assistant","content":"[TOOL_CALLS] [\#(spelled)]"}"#,
        #"{"role":"assistant","content":"{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\"}}"}"#,
        #"{"role":"assistant","content":"```json\n[\#(spelled)]\n```"}"#,
        #"{"role":"assistant","content":"[weather(city=\"Oslo\")]"}"#,
        #"{"role":"function_call","content":"\#(spelled)"}"#,
        #"{"role":"tool_call","content":"<tool_call>\n\#(spelled)\n</tool_call>"}"#,
        #"{"role":"assistant","content":[{"type":"reasoning","value":"Hm."},{"type":"tool_call","value":"\#(spelled)"}]}"#,
        #"{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"weather","input":{"city":"Oslo"}}]}"#,
    ])
    func oneCallHasManySpellings(message: String) throws {
        let rows = try Self.rows(Self.chat(Self.said, message))
        #expect(rows.count == 1 && rows.first?["answers"] == Self.answer && rows.first?["reply"] == nil)
        #expect(rows.first?["query"] == "Weather in Oslo?" && rows.first?["functions"] == ["weather"])
    }

    @Test(arguments: [#""""#, "null", "{}", #""{}""#, #""null""#, #"" ""#])
    func argumentsMayBeNothing(arguments: String) throws {
        let message =
            #"{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"weather","arguments":\#(arguments)}}]}"#
        #expect(try Self.rows(Self.chat(Self.said, message)).first?["answers"] == [["name": "weather", "arguments": [:]]])
    }

    @Test func numbersStayAsTheyAreWritten() throws {
        let text = #"{\"days\":12345678901234567890,\"a\":[0.10,1e400,1.0,-0.0],\"b\":2}"#
        let message = #"{"role":"assistant","tool_calls":[{"function":{"name":"weather","arguments":"\#(text)"}}]}"#
        let run = try StageRun(DataIngest(format: .openai), texts: ["train.0/a.jsonl": Self.chat(Self.said, message)])
        let written = #""arguments":{"a":[0.10,1e400,1.0,-0.0],"b":2,"days":12345678901234567890}"#
        #expect(try run.text("rows.jsonl").contains(written))
        // What reads rows gives the same row.
        let row = try Row(json: JSON(parsingAsWritten: run.text("rows.jsonl").split(separator: "\n")[0].utf8))
        #expect(PromptStyle.response(to: row) == #"[{"name":"weather",\#(written)}]"#)
        #expect(AnswerJudge.exact.verdict(on: PromptStyle.response(to: row), for: row, functions: [:]) == .accepted)
        let other = PromptStyle.response(to: row).replacing("567890}", with: "567891}")
        #expect(AnswerJudge.exact.verdict(on: other, for: row, functions: [:]) != .accepted)
    }

    @Test func callsMayBeParallel() throws {
        let second = Self.call.replacing("Oslo", with: "Rome").replacing("c1", with: "c2")
        let message = #"{"role":"assistant","content":null,"tool_calls":[\#(Self.call),\#(second)]}"#
        let marked =
            #"{"role":"assistant","content":"Both.\n<tool_call>\n\#(Self.spelled)\n"#
            + #"</tool_call>\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>"}"#
        let wanted: JSON = [Self.answer[0] ?? .null, ["name": "weather", "arguments": ["city": "Rome"]]]
        #expect(
            try Self.rows(Self.chat(Self.said, message), Self.chat(Self.said, marked)).map { $0["answers"] } == [
                wanted, wanted,
            ])
    }

    // MARK: Turns

    /// Each assistant's turn is a row; what was said, called and given back before it is its context.
    @Test func eachTurnIsARow() throws {
        let result = #"{"role":"tool","tool_call_id":"c1","content":"{\"degrees\": 5}"}"#
        let chat = Self.chat(
            #"{"role":"developer","content":"Use metric units."}"#, #"{"role":"user","content":"Hi"}"#,
            #"{"role":"assistant","content":"Hello!"}"#, Self.said, Self.calling, result,
            #"{"role":"assistant","content":"5 degrees."}"#, #"{"role":"user","content":"Thanks"}"#, id: "\"chat\"")
        let rows = try Self.rows(chat)
        #expect(rows.map { $0["id"] } == ["chat", "chat/2", "chat/3"])
        #expect(rows.map { $0["query"] } == ["Hi", "Weather in Oslo?", "Weather in Oslo?"])
        #expect(rows.map { $0["answers"] } == [[], Self.answer, []])
        #expect(rows.map { $0["reply"] } == ["Hello!", nil, "5 degrees."])
        #expect(rows.allSatisfy { $0["instructions"] == "Use metric units." && $0["record"] == "chat" })
        let greeting: JSON = [["role": "user", "content": "Hi"], ["role": "assistant", "content": "Hello!"]]
        #expect(rows.map { $0["context"] } == [nil, greeting, greeting])
        #expect(
            rows.map { $0["steps"] } == [
                nil, nil,
                [
                    ["role": "assistant", "content": "", "tool_calls": [try JSON(parsing: Self.call)]],
                    ["role": "tool", "content": #"{"degrees": 5}"#, "tool_call_id": "c1"],
                ],
            ])
    }

    @Test func whatIsNotLearnedIsCounted() throws {
        let report = try Self.report(
            Self.chat(
                Self.said, #"{"role":"assistant","content":"Bad","weight":0}"#, Self.said, Self.calling,
                #"{"role":"tool","content":"5"}"#, #"{"role":"assistant","content":""}"#),
            Self.chat(#"{"role":"assistant","content":"What can I do?"}"#, Self.said, Self.calling),
            Self.chat(
                Self.said, Self.calling.replacing("weather", with: "climate"), Self.said,
                #"{"role":"assistant","content":"<tool_call>{weather}</tool_call>"}"#),
            Self.chat(Self.said, #"{"role":"assistant","content":"Just words."}"#, tools: ""))
        #expect(report["rows"] == 2)
        for reason: SkipReason in [.contextOnly, .emptyTurn, .noQuestion, .unlistedFunction, .unreadableCall, .noFunction] {
            #expect(Self.count(reason, in: report) == 1, "\(reason)")
        }
    }

    /// Examples of what not to say are not taught.
    @Test(arguments: [#""label":false"#, #""kto_tag":false"#, #""label":true"#, #""label":"weather""#])
    func badAnswersAreNotLearned(label: String) throws {
        let report = try Self.report(
            Self.chat(Self.said, Self.calling), Self.chat(Self.said, Self.calling, tools: "\"tools\":[\(Self.tool)]," + label))
        #expect(Self.count(.badAnswer, in: report) == (label.hasSuffix("false") ? 1 : 0))
    }

    @Test func aTurnOfWeightZeroIsContext() throws {
        let rows = try Self.rows(
            Self.chat(Self.said, #"{"role":"assistant","content":"Bad","weight":0}"#, Self.said, Self.calling, id: "3"))
        #expect(rows.count == 1 && rows[0]["id"] == "3/2" && rows[0]["answers"] == Self.answer)
        #expect(rows[0]["context"]?.array?.last == ["role": "assistant", "content": "Bad"])
    }

    /// Words of a file without functions are no refusals.
    @Test func wordsWithoutFunctionsAreRefused() {
        let row = Self.chat(Self.said, #"{"role":"assistant","content":"billing"}"#, tools: "")
        let failure = Self.failure(row, row.replacing("Oslo", with: "Rome"))
        #expect(
            failure.contains(
                "skipped 2: words, in a record that lists no function; with 'task: text' or"))
        #expect(failure.hasPrefix("the files hold no row; "))
        #expect(failure.contains("(a.jsonl, line 1; a.jsonl, line 2)"), "\(failure)")
    }

    // MARK: Messages

    @Test func partsAreJoinedAndSystemMessagesToo() throws {
        let rows = try Self.rows(
            Self.chat(
                #"{"role":"system","content":[{"type":"text","text":"Be "},{"type":"text","text":"brief."}]}"#,
                #"{"role":"system","content":"Be kind."}"#,
                #"{"role":"user","content":[{"type":"text","text":"Weather "},{"type":"input_text","text":"in Oslo?"}]}"#,
                Self.calling))
        #expect(rows[0]["instructions"] == "Be brief.\n\nBe kind." && rows[0]["query"] == "Weather in Oslo?")
    }

    @Test(arguments: [
        (
            #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}"#,
            "the message 1 of 'messages' has a part of the type 'image_url'; only words and calls can be learned"
        ),
        (#"{"role":"assistant","audio":{"id":"a"}}"#, "has 'audio'; only words and calls"),
        (#"{"role":"critic","content":"x"}"#, "the message 1 of 'messages' is by 'critic'; known are ai, assistant, bot,"),
        (#"{"content":"x"}"#, "the message 1 of 'messages' has no 'role' or 'from'"),
        (#"{"role":"user","content":{"a":1}}"#, "has content that is no text and no list of parts"),
        (#"{"role":"user","content":"x"}"#, "the chat has no assistant's message"),
        (
            #"{"role":"assistant","tool_calls":[{"function":{"name":"weather","arguments":"{"}}]}"#,
            "the arguments of the call of 'weather' are not a JSON object"
        ),
        (#"{"role":"assistant","tool_calls":[{"function":{"arguments":"{}"}}]}"#, "a tool call has no function name"),
        (#"{"role":"assistant","tool_calls":7}"#, "has 'tool_calls' that are no calls"),
    ])
    func whatCannotBeReadIsNamed(message: String, reason: String) {
        let failure = Self.failure(Self.chat(message))
        #expect(failure.contains("a.jsonl, line 1: ") && failure.contains(reason), "\(failure)")
    }

    @Test(arguments: [
        (
            #"{"text":"a","label":"b"}"#,
            "the record is no chat: it has 'label', 'text', where a chat has 'messages', or 'conversations', or"
        ),
        (#"{"prompt":"a","chosen":"b","rejected":"c"}"#, "it has 'chosen', 'prompt', 'rejected'"),
        ("{}", "it has no members"),
        (#"{"messages":"hello"}"#, "the record's 'messages' is no list of messages"),
        (chat(said, calling, tools: #""tools":"[{""#), "the record's 'tools' is a text that is not JSON"),
        (chat(said, calling, tools: #""tools":[{"type":"retrieval"}]"#), "a tool has the type 'retrieval'"),
        (chat(said, calling, tools: #""rejected":"x""#), "the record has a 'rejected' answer beside the 'chosen' one"),
        (chat(said, calling, tools: #""images":["a.png"]"#), "the record has 'images'; only words and calls can be learned"),
    ])
    func aRecordThatIsNoChatIsNamed(record: String, reason: String) {
        #expect(Self.failure(record).contains(reason), "\(Self.failure(record))")
    }

    // MARK: Functions

    @Test(arguments: [
        "\"tools\":[\(tool)]", "\"tools\":\(JSON.string("[\(tool)]").canonicalText)", "\"tools\":null,\"functions\":[\(tool)]",
        #""functions":[{"name":"weather","description":"","parameters":{"type":"object","properties":{"city":{"type":"string"},"#
            + #""days":{"type":"integer"}},"required":[]}}]"#,
        "\"tools\":[\(tool),\(tool)]",
    ])
    func functionsHaveManyPlaces(tools: String) throws {
        let run = try StageRun(
            DataIngest(format: .openai), texts: ["train.0/a.jsonl": Self.chat(Self.said, Self.calling, tools: tools)])
        let functions = try run.json("functions.json")
        #expect(functions.array?.count == 1 && functions[0]?["written"] == nil)
        #expect(functions[0]?["parameters"]?["properties"]?["days"] == ["type": "integer"])
    }

    @Test func rowsKeepTheirOwnFunctions() throws {
        let other = Self.chat(
            #"{"role":"user","content":"b"}"#, Self.calling,
            tools: "\"tools\":[" + Self.tool.replacing(#""description":"""#, with: #""description":"Other""#) + "]")
        let rows = try Self.rows(Self.chat(Self.said, Self.calling), other)
        #expect(rows[0]["definitions"] == nil && rows[1]["definitions"]?[0]?["description"] == "Other")
    }

    /// The functions of a system's message are read, and what is about them leaves its words.
    @Test(arguments: [
        (
            "You are Bob.\n\n# Tools\n\nYou may call functions.\n\nSignatures are within <tools></tools> XML tags:\n<tools>\n"
                + tool + "\n</tools>\n\nFor each call return:\n<tool_call>\n{}\n</tool_call>", "You are Bob."
        ),
        (
            "You are Bob. Signatures are within <tools> </tools> tags. Here they are: <tools> ["
                + tool.replacing("\"", with: "'")
                + "] </tools> Return <tool_call>\n{}\n</tool_call>\nBe kind.", "You are Bob.\n\nBe kind."
        ),
        ("You have access to the following functions. Use them if required -\n" + tool + "\n", ""),
    ])
    func functionsMayStandInTheSystemsWords(system: String, rest: String) throws {
        let message = JSON.object(["role": "system", "content": .string(system)]).canonicalText
        let rows = try Self.rows(Self.chat(message, Self.said, Self.calling, tools: ""))
        #expect(rows[0]["functions"] == ["weather"] && rows[0]["answers"] == Self.answer)
        #expect(rows[0]["instructions"]?.string ?? "" == rest)
    }

    // MARK: Files

    @Test func equalRecordsAreOneRow() throws {
        let row = Self.chat(Self.said, Self.calling)
        let report = try Self.report(row, row, Self.chat(Self.said, Self.calling, id: "\"a\""))
        #expect(report["rows"] == 2 && Self.count(.equalRow, in: report) == 1)
    }

    @Test func marksOfOtherSystemsAreSkipped() throws {
        let row = Self.chat(Self.said, Self.calling)
        #expect(try Self.rows("\u{FEFF}" + row + "\r", "\r", row.replacing("Oslo?", with: "Oslo!") + "\r").count == 2)
        #expect(try Self.rows("\u{FEFF}[" + row + ",\r\n" + row.replacing("Oslo?", with: "Oslo!") + "]").count == 2)
    }

    /// The turns of a conversation are in one set, and what was said before is part of the question.
    @Test func aConversationIsNotSplit() throws {
        let lines = (0..<40).map { index in
            Self.chat(
                #"{"role":"user","content":"Question \#(index)"}"#, #"{"role":"assistant","content":"Where?"}"#,
                #"{"role":"user","content":"Oslo"}"#, Self.calling, id: "\(index)")
        }
        let ingested = try StageRun(DataIngest(format: .openai), texts: ["train.0/a.jsonl": lines.joined(separator: "\n")])
        let split = try StageRun(DataSplit(test: 0.3, valid: 0), inputs: ingested.folder(as: "data"))
        let (train, test) = (try split.lines("train.jsonl"), try split.lines("test.jsonl"))
        #expect(train.count + test.count == 80 && test.count > 10)
        #expect(Set(train.map { $0["record"] }).isDisjoint(with: test.map { $0["record"] }))
    }
}
