import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine

/// Reasonings before calls in a model's own form: `<think>…</think><tool_call>…</tool_call>`.
@Suite struct NativeReasoningTests {
    private static let template = """
        {%- if tools %}<|im_start|>system
        {% for tool in tools %}{{ tool | tojson }}
        {% endfor %}<|im_end|>
        {% endif %}{% for message in messages %}<|im_start|>{{ message.role }}
        {{ message.content }}{% if message.tool_calls %}{% for call in message.tool_calls %}<tool_call>
        {"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
        </tool_call>{% endfor %}{% endif %}<|im_end|>
        {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
        {% endif %}
        """

    private static func configuration(reasons: Bool) -> JSON {
        var members: [String: JSON] = [
            "chat_template": .string(template), "eos_token": "<|im_end|>", "decant_calls": "hermes",
        ]
        if reasons { members["decant_reasons"] = true }
        return .object(members)
    }

    private static let response =
        #"<think>Maybe play. So play.</think><answer>[{"name":"play","arguments":{"song":"yesterday"}}]</answer>"#

    private static func tokens(of response: String, _ encoder: PromptEncoder) throws -> [Int32] {
        var row = PromptFormatTests.row
        row.answers = [FunctionCall(name: "play", arguments: ["song": "yesterday"])]
        return try encoder.responseTokens(of: response, to: row, functions: PromptFormatTests.functions)
    }

    @Test func itIsTaughtAndReadInTheModelsOwnForm() throws {
        try ChatPromptTests.withFolder(configuration: Self.configuration(reasons: true)) { folder, _ throws in
            let encoder = try folder.prompts(.tools, callsNatively: true, reasons: true)
            let tokens = try Self.tokens(of: Self.response, encoder)
            let text = encoder.tokenizer.decodeWithSpecialTokens(tokens.map(Int.init))
            #expect(text.hasPrefix("<think>\nMaybe play. So play.\n</think>\n\n<tool_call>\n{"), "\(text)")
            #expect(text.hasSuffix("</tool_call><|im_end|>"), "\(text)")
            let said = encoder.response(of: GeneratedSequence(tokens: Array(tokens.dropLast()), end: .stopToken))
            #expect(said.text == Self.response)
            #expect(said.fault == nil)
            // What the model said itself is taught as it was said.
            var row = PromptFormatTests.row
            row.answers = [FunctionCall(name: "play", arguments: ["song": "yesterday"])]
            let again = try encoder.responseTokens(
                of: said.text, said.native, to: row, functions: PromptFormatTests.functions)
            #expect(again == tokens)
        }
    }

    /// A model of its own form for calls alone reasons in Decant's.
    @Test func withoutTheWordOfTheFolderReasoningsAreDecants() throws {
        try ChatPromptTests.withFolder(configuration: Self.configuration(reasons: false)) { folder, _ throws in
            let encoder = try folder.prompts(.tools, callsNatively: true, reasons: true)
            #expect(encoder.formName == nil)
            let text = encoder.tokenizer.decode(try Self.tokens(of: Self.response, encoder).map(Int.init))
            #expect(text == Self.response)
            #expect(try folder.prompts(.tools, callsNatively: true).formName == "hermes")
        }
    }

    @Test(arguments: [
        ("<think>a</think><tool_call>", "a"), ("a\n</think>\n\n", "a"), (" <think>\n</think>", ""),
    ])
    func aReasoningStandsBeforeTheCalls(answer: String, reasoning: String) throws {
        #expect(try NativeReasoning.reasoning(in: answer) == reasoning)
    }

    @Test(arguments: ["<tool_call>", "<think>a", "<think>a</think>b</think>", "so <think>a</think>", "</think><think>"])
    func anythingElseIsNone(answer: String) {
        #expect(throws: RowError.self) { try NativeReasoning.reasoning(in: answer) }
    }

    /// An answer that is no reasoning and calls is malformed to every reward and judge.
    @Test func aFaultIsNoAnswer() {
        let native = NativeAnswer(form: "hermes", text: #"<tool_call>{"name":"play","arguments":{}}</tool_call>"#)
        let said = ModelResponse(native, in: HermesForm(), reasons: true)
        #expect(said.fault == "the answer has 0 reasonings, where one is wanted")
        #expect((try? AnswerStyle.reasoning.answer(in: said.text).get()) == nil)
    }
}
