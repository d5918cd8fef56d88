import CanonicalJSON
import TestSupport
import Testing
import Words

@testable import Engine

/// What a line of a prompt says of a function.
@Suite struct FunctionSignatureTests {
    static let light = FunctionDefinition(
        name: "set_light", summary: "Switches a lamp on. Never at night.",
        parameters: [
            "type": "object", "required": ["room"],
            "properties": [
                "room": ["type": "string", "enum": ["hall", "kids' room"], "description": "The room."],
                "level": ["type": "integer", "description": "How bright, in percent."],
                "colors": ["type": "array", "items": ["type": ["string", "null"]]],
                "at": ["type": "object", "required": ["hour"], "properties": ["hour": ["type": "integer"], "note": [:]]],
            ],
        ])

    @Test(arguments: [
        (SignatureForm.names, "set_light(at, colors, level, room)"),
        (SignatureForm.types, "set_light(at:object, colors:array, level:integer, room:string)"),
        (
            SignatureForm.values,
            #"set_light(at?:{hour:integer, note?:any}, colors?:(string|null)[], level?:integer, room:hall|"kids' room")"#
        ),
        (
            SignatureForm.described,
            #"set_light(at?:{hour:integer, note?:any}, colors?:(string|null)[], level?:integer, room:hall|"kids' room")"#
                + " - Switches a lamp on; level: How bright, in percent"
        ),
    ])
    func eachFormSaysMore(form: SignatureForm, text: String) {
        #expect(FunctionSignature(Self.light, as: form).text == text)
        #expect(PromptStyle.listing(of: [Self.light, Self.light], as: form) == text + "\n" + text)
    }

    @Test func aFunctionWithoutWordsIsItsCall() {
        let stop = FunctionDefinition(name: "stop", summary: "", parameters: ["type": "object"])
        for form in SignatureForm.allCases { #expect(FunctionSignature(stop, as: form).text == "stop()") }
    }

    /// The tokenizer's files say it, so that every model made from them reads the same prompts.
    @Test func importingNotesTheFormWhereTheTemplateShowsNoFunctions() throws {
        let row = Row(id: "r", query: "light", functions: ["set_light"], answers: [])
        let plain = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
        func prompt(_ wanted: SignatureForm?) throws -> String {
            let model = try ToolModelFolder(.hermes, change: { _ in plain })
            try model.folder.noteSignature(wanted)
            let encoder = try model.prompts(.tools)
            let tokens = try encoder.promptTokens(of: row, functions: ["set_light": Self.light])
            return encoder.tokenizer.decodeWithSpecialTokens(tokens.map(Int.init))
        }
        #expect(try prompt(nil).contains(FunctionSignature(Self.light, as: .described).text))
        let names = try prompt(.names)
        #expect(names.contains("set_light(at, colors, level, room)<user>light"))
        let tools = try ToolModelFolder(.hermes)
        try tools.folder.noteSignature(nil)
        #expect(try TokenizerSettings(readingFolder: tools.folder).signature() == nil)
        withExtendedLifetime(tools) {}
    }

    @Test func aTokenizerOfItsOwnNotesOtherFormsThanTheUsualOne() throws {
        let task = CallTask(functions: ["set_light": Self.light])
        let row = Row(id: "r", query: "light", functions: ["set_light"], answers: [])
        let texts = try task.texts(of: row, in: .tools, as: .described)
        #expect(texts.first == FunctionSignature(Self.light, as: .described).text)
        let folder = TemporaryFolder()
        let tokenizer = try TokenizerTrainer(vocabularySize: 300).train(on: texts)
        try tokenizer.write(to: folder.url, format: .tools)
        #expect(try TokenizerSettings(readingFolder: ModelFolder(folder.url)).signature() == nil)
        try tokenizer.write(to: folder.url, format: .tools, signature: .values)
        let encoder = try ModelFolder(folder.url).prompts(.tools)
        let tokens = try encoder.promptTokens(of: row, functions: task.functions)
        let prompt = tokenizer.decodeWithSpecialTokens(tokens.map(Int.init))
        #expect(prompt == "<|tools|>\(FunctionSignature(Self.light, as: .values).text)<|user|>light<|assistant|>")
        let length = tokenizer.encodePlainText(FunctionSignature(Self.light, as: .values).text).count
        #expect(encoder.tokensPerFunction([Self.light]) == Double(length))
        withExtendedLifetime(folder) {}
    }
}
