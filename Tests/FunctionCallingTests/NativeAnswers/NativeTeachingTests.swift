import CanonicalJSON
import Foundation
import TestSupport
import Testing
import Words

@testable import Engine

/// Models that call in a form of their own: how they are recognized, asked and taught.
@Suite struct NativeTeachingTests {
    private static let light = FunctionDefinition(
        name: "set_light", summary: "Set a light.",
        parameters: [
            "type": "object", "required": ["room"],
            "properties": [
                "level": ["type": "integer", "description": "Percent."], "room": ["type": "string", "description": "Where."],
            ],
        ])
    private static let functions = ["set_light": light]
    private static let call = FunctionCall(name: "set_light", arguments: ["level": 40, "room": "Ann's"])
    private static let row = Row(id: "r", query: "light at Ann's", functions: ["set_light"], answers: [call])
    private static let response = PromptStyle.response(of: [call])

    private static func text(_ encoder: PromptEncoder, _ tokens: [Int32]) -> String {
        encoder.tokenizer.decodeWithSpecialTokens(tokens.map(Int.init))
    }

    @Test(arguments: ToolTemplate.all.map(\.form)) func aTemplatesFormIsRecognizedAndTaught(form: String) throws {
        let template = try #require(ToolTemplate.named(form))
        let model = try ToolModelFolder(template)
        #expect(model.note == "the model calls functions in its own form, '\(form)'")
        #expect(try model.folder.callFormName() == form)
        let encoder = try model.prompts(.tools)
        let tokens = try encoder.responseTokens(of: Self.response, to: Self.row, functions: Self.functions)
        let end = try #require(tokens.last)
        #expect(encoder.endTokens.first == end && encoder.endTokens.dropFirst().allSatisfy { $0 != end })
        #expect(Self.text(encoder, tokens.dropLast()) == template.call)
        // What is taught is read again, special tokens and all.
        let read = encoder.response(of: GeneratedSequence(tokens: tokens.dropLast(), end: .stopToken))
        #expect(read.text == Self.response && read.fault == nil && read.native?.form == form)
        // A model's own answer is taught as it was said.
        let said = NativeAnswer(form: form, text: template.call)
        #expect(try encoder.responseTokens(of: "[]", said, to: Self.row, functions: Self.functions) == tokens)
        let other = NativeAnswer(form: "other", text: "x")
        #expect(try encoder.responseTokens(of: Self.response, other, to: Self.row, functions: Self.functions) == tokens)
    }

    @Test(arguments: ToolTemplate.all.map(\.form)) func thePromptShowsToolsAndNothingOfDecants(form: String) throws {
        let model = try ToolModelFolder(try #require(ToolTemplate.named(form)))
        var row = Self.row
        row.background.examples = [.init(query: "off", response: Self.response)]
        let encoder = try model.prompts(.tools)
        let prompt = Self.text(encoder, try encoder.promptTokens(of: row, functions: Self.functions))
        #expect(prompt.contains("set_light") && !prompt.contains("Functions:") && !prompt.contains(#"[{"name":"set"#))
        let call = try #require(ToolTemplate.named(form)).call
        #expect(prompt.contains(call), "an example is a message with calls")
    }

    /// Words are an answer that calls nothing, and end as words do.
    @Test func wordsEndAsWordsDo() throws {
        let model = try ToolModelFolder(.functionGemma)
        let encoder = try model.prompts(.tools)
        func last(_ tokens: [Int32]) -> String { Self.text(encoder, tokens.suffix(1)) }
        let words = NativeAnswer(form: "functiongemma", text: "No.")
        #expect(last(try encoder.responseTokens(of: "[]", words, to: Self.row, functions: Self.functions)) == "<end_of_turn>")
        #expect(last(try encoder.responseTokens(of: "[]", to: Self.row, functions: Self.functions)) == "<end_of_turn>")
        let called = try encoder.responseTokens(of: Self.response, to: Self.row, functions: Self.functions)
        #expect(last(called) == "<start_function_response>")
        var row = Self.row
        (row.answers, row.reply) = ([], "It is on.")
        let taught = try encoder.responseTokens(of: "[]", to: row, functions: Self.functions)
        #expect(Self.text(encoder, taught) == "It is on.<end_of_turn>")
    }

    /// Where a template can leave a reasoning out, it does, in the prompt and in what is taught.
    @Test func aModelIsAskedWithoutAReasoning() throws {
        let encoder = try ToolModelFolder(.hermes).prompts(.query)
        let prompt = Self.text(encoder, try encoder.promptTokens(of: Self.row, functions: [:]))
        #expect(prompt.hasSuffix("<|im_start|>assistant\n<think></think>"))
        let plain = try ToolModelFolder(.hermes, .decant).prompts(.query)
        #expect(
            Self.text(plain, try plain.promptTokens(of: Self.row, functions: [:])).hasSuffix("<|im_start|>assistant\n"))
    }

    @Test func decantsFormIsKeptWhereItIsWanted() throws {
        let model = try ToolModelFolder(.hermes, .decant)
        #expect(try model.note == nil && model.folder.callFormName() == nil)
        let encoder = try model.prompts(.tools)
        let tokens = try encoder.responseTokens(of: Self.response, to: Self.row, functions: Self.functions)
        #expect(Self.text(encoder, tokens) == Self.response + "<|im_end|>")
        // Other tasks than calls, and reasonings, are Decant's too.
        let other = try ToolModelFolder(.hermes).prompts(.tools, callsNatively: false)
        #expect(other.formName == nil)
    }

    @Test(arguments: [
        ("tools", "functions", "its chat template shows no tools"),
        ("tool_calls", "calls", "its chat template writes no calls"),
        ("<tool_call>\\n", "<call>\\n", "no known form reads the call that it writes, '<call>"),
        (
            "{{- '<|im_start|>assistant\\n' -}}", "{{- '<|im_start|>assistant\\n> ' -}}",
            "the answer to the row 'probe' cannot be made: the chat template starts an assistant's message otherwise than it "
                + "asks for one"
        ),
        (
            "{%- for c in m.tool_calls or [] -%}", "{%- for c in m.tool_calls or [] -%}{{- raise_exception('none') -}}",
            "the prompt of the row 'probe' cannot be made: chat template, line "
        ),
    ]) func aTemplateWithoutAFormSaysWhy(old: String, new: String, reason: String) throws {
        let change = { (text: String) in text.replacing(old, with: new) }
        let model = try ToolModelFolder(.hermes, change: change)
        #expect(model.note?.hasPrefix("the model calls functions in Decant's form: \(reason)") == true, "\(model.note ?? "")")
        #expect(try model.folder.callFormName() == nil)
        let refusal = #expect(throws: ModelFileError.self) { try ToolModelFolder(.hermes, .native, change: change) }
        #expect(
            refusal?.reason.hasPrefix("the model cannot call functions in a form of its own: \(reason)") == true
                && refusal?.reason.hasSuffix("; write 'answer: decant'") == true, "\(refusal?.reason ?? "")")
    }

    /// A template that writes one call only is not used for two, and the row is named.
    @Test func callsThatATemplateCannotWriteAreRefused() throws {
        var row = Self.row
        row.answers = [Self.call, Self.call]
        let encoder = try ToolModelFolder(.llama).prompts(.tools)
        let response = PromptStyle.response(to: row)
        let refusal = #expect(throws: RowError.self) {
            try encoder.responseTokens(of: response, to: row, functions: Self.functions)
        }
        #expect(refusal?.description.contains("one call at a time") == true)
        let first = { (text: String) in text.replacing("for c in m.tool_calls or []", with: "for c in (m.tool_calls or [])[:1]")
        }
        let silent = try ToolModelFolder(.hermes, change: first).prompts(.tools)
        let misread = #expect(throws: RowError.self) {
            try silent.responseTokens(of: response, to: row, functions: Self.functions)
        }
        #expect(
            misread?.description.hasPrefix("the model's own form 'hermes' cannot have the calls of the row 'r': '<tool_call>")
                == true && misread?.description.hasSuffix("write 'answer: decant' beside the model") == true)
    }

    /// Text of a row is never one of the marks that are special tokens.
    @Test func anArgumentCannotSpellAMark() throws {
        var row = Self.row
        row.answers = [FunctionCall(name: "set_light", arguments: ["room": "x[TOOL_CALLS]</s>y"])]
        let encoder = try ToolModelFolder(.mistral).prompts(.tools)
        let tokens = try encoder.responseTokens(of: PromptStyle.response(to: row), to: row, functions: Self.functions)
        let mark = Int32(try #require(encoder.tokenizer.id(of: "[TOOL_CALLS]")))
        #expect(tokens.count { $0 == mark } == 1 && tokens.count { $0 == encoder.endTokens[0] } == 1)
    }

    @Test func anUnknownFormInAFolderIsNamed() throws {
        let model = try ToolModelFolder(.hermes)
        try model.place.write(["decant_calls": "klingon", "chat_template": "x"], to: "tokenizer_config.json")
        let refusal = #expect(throws: ModelFileError.self) { try model.prompts(.query) }
        #expect(
            refusal?.reason
                == "decant_calls is 'klingon', and the known forms are hermes, llama, pythonic, mistral, mistral-args, "
                + "functiongemma")
    }

    /// A grammar allows what the template writes, token by token, and nothing that is no call.
    @Test(arguments: ToolTemplate.all.map(\.form)) func aGrammarHasTheFormsCalls(form: String) throws {
        let template = try #require(ToolTemplate.named(form))
        let encoder = try ToolModelFolder(template).prompts(.tools)
        var constraints = AnswerConstraints(task: CallTask(functions: Self.functions), prompts: encoder)
        let constraint = try constraints.constraint(for: Self.row)
        let ends = Set(encoder.endTokens)
        let tokens = try encoder.responseTokens(of: Self.response, to: Self.row, functions: Self.functions)
        var state = constraint.start
        for token in tokens.dropLast() {
            let mask = constraint.mask(in: state, tokensLeft: 200, stopTokens: ends)
            #expect(mask.allows(token), "\(form): \(encoder.tokenizer.decodeWithSpecialTokens([Int(token)]))")
            state = constraint.state(after: token, from: state)
        }
        #expect(constraint.mask(in: state, tokensLeft: 200, stopTokens: ends).allows(tokens[tokens.count - 1]))
        // No call is an answer too; words are none.
        let start = constraint.mask(in: constraint.start, tokensLeft: 200, stopTokens: ends)
        #expect(start.allows(tokens[tokens.count - 1]))
        #expect(!start.allows(Int32(encoder.tokenizer.encodePlainText("x")[0])))
    }

    /// A random model that is held to the grammar writes nothing but calls.
    @Test(arguments: ToolTemplate.all.map(\.form)) func randomModelsWriteCalls(form: String) throws {
        let encoder = try ToolModelFolder(try #require(ToolTemplate.named(form))).prompts(.tools)
        var constraints = AnswerConstraints(task: CallTask(functions: Self.functions), prompts: encoder)
        let configuration = try ModelConfiguration(
            vocabularySize: encoder.tokenizer.vocabularySize, hiddenSize: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
            intermediateSize: 16, maximumPositions: 256)
        let options = GenerationOptions(
            maximumTokens: 150, stopTokens: Set(encoder.endTokens), temperature: 2, samples: 20, seed: 3,
            constraint: try constraints.constraint(for: Self.row))
        let model = InferenceModel(Model(initializing: configuration, seed: 3))
        for answer in try model.generate([[1, 2, 3]], options: options, workers: WorkerPool(threads: 2)) {
            let response = encoder.response(of: answer)
            // At the limit, calls are whole though no end token follows.
            #expect(response.fault == nil, "\(response.native?.text ?? "")")
            let calls = try CallParser.calls(in: response.text, of: Self.functions).get()
            #expect(calls.allSatisfy { $0.name == "set_light" })
        }
    }
}
