import BuildModel
import CanonicalJSON
import ChatTemplates
import Foundation
import Kinds
import Stages
import Words

/// Small whole files of every format, written here or made by the program's own writers.
enum Seeds {
    /// Writes files into a folder, by their paths.
    static func write(_ files: [String: [UInt8]], in folder: URL) throws {
        for (path, bytes) in files {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
    }

    /// Runs a stage of a kind with its standard parameters but a few.
    static func run(_ kind: String, _ changes: [String: JSON], _ inputs: [String: [UInt8]], in folder: URL) throws {
        guard let kind = StageCatalogue.standard.kind(named: kind) else { return }
        var parameters = try standard(of: kind).object ?? [:]
        parameters.merge(changes) { $1 }
        let stage = try kind.init(json: .object(parameters))
        let places = (folder.appending(path: "inputs"), folder.appending(path: "outputs"))
        try write(inputs, in: places.0)
        try FileManager.default.createDirectory(at: places.1, withIntermediateDirectories: true)
        try stage.run(in: StageContext(inputs: places.0, outputs: places.1, threads: 1, reportProgress: { _ in }))
    }

    private static func standard(of kind: any RunnableStage.Type) throws -> JSON {
        func json<Kind: RunnableStage>(_ kind: Kind.Type) throws -> JSON { try Kind.standard.json }
        return try json(kind)
    }

    /// An action of every kind.
    static let actions: [[UInt8]] = StageCatalogue.standard.kinds.compactMap { kind in
        guard let parameters = try? standard(of: kind) else { return nil }
        return Action(kind: kind.name, revision: kind.revision, parameters: parameters, inputs: [], numerics: .portable)
            .canonicalBytes
    }

    static let action = Action(kind: "train.sft", revision: 1, parameters: [:], inputs: [], numerics: .portable)

    static let lock = Array(
        """
        {"decant_lock": 1, "sources": {"model": {"request": {"huggingface": "a/b"}, "revision": "\(
            String(repeating: "a", count: 40))", "files": [{"path": "config.json", "sha256": "\(String(repeating: "0", count: 64))"}]}}}
        """.utf8)

    // MARK: Recipes and what they name

    static let recipes = [
        """
        decant: 1
        name: small
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
          rows: {http: "https://host/rows.zip", sha256: \(String(repeating: "0", count: 64)), member: "*.jsonl"}
        data:
          generate: {functions: functions, templates: utterances, count: 60, seed: 3}
          split: {test: 15%, valid: 5%}
          prompt: query
        tokenizer: {vocabulary: 300}
        student: {init: {hidden: 32, layers: 2, heads: 2, kv_heads: 1, intermediate: 64}}
        transfer: "SFT(steps: 4)"
        quantize: {scheme: W8A16, group_size: 32}
        evaluate: {sets: [test], metrics: [ar, flops]}
        """,
        """
        decant: 1
        name: table
        extends: base.yaml
        vars: {steps: 100}
        matrix: {seed: [1, 2, 3], loss: [fkl, rkl]}
        teacher: {import: model}
        transfer: "KD(loss: ${loss}, steps: ${steps}, seed: ${seed}) -> SFT(steps: 2)"
        prune: {method: width, hidden: 24}
        """,
    ].map { Array($0.utf8) }
    static let recipeWords = [
        "${x}", "matrix:", "vars:", "exec:", "stages:", "- ", ": ", "&a", "*a", "<<:", "!!binary", "transfer:", "KD(", "->",
        "%", "KiB",
    ]

    static let functions = """
        set_lights:
          description: Turn the lights of a room on or off.
          parameters:
            room: {type: string, description: Room.}
            state: {type: string, enum: ["on", "off"]}
        set_level:
          parameters:
            level: {type: integer}
          required: []
        """
    static let utterances = """
        slots:
          room: [kitchen, {say: bath, value: bathroom}]
          state: ["on", "off"]
          level: {from: 10, to: 100, step: 10}
          time: {values: ["5:00", "6:00"], hold_out: true}
        prefixes: ["", hey]
        suffixes: ["", please]
        templates:
          set_lights: ["turn {state} the {room} lights", "{room} lights {state}"]
          set_level: ["dim to {level}"]
        no_call: ["how are you"]
        """
    static let generationWords = [
        "family:", "from:", "to:", "step:", "hold_out:", "{room}", "{room:x}", "slots:", "templates:", "no_call:", "[", "enum:",
        "- ", ": ",
        "type: integer", "type: number", "type: array", "items:", "9223372036854775807",
    ]

    static let tools = [
        #"[{"name": "wave", "description": "", "parameters": {"type": "object", "properties": {"hand": {"type": "string"}}}}]"#,
        #"{"tools": [{"type": "function", "function": {"name": "wave"}}]}"#, functions,
    ].map { Array($0.utf8) }

    // MARK: Templates

    static let templates = [
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}",
        "{%- if tools %}{{ tools | tojson(indent=4) }}{% endif %}{% macro m(a, b=1) %}{{ a ~ b }}{% endmacro %}{{ m(messages | length) }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(50000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% for m in messages | selectattr('role', 'eq', 'user') %}{{ loop.index }}{{ m.content.split(' ') | join(', ') }}{% endfor %}",
    ].map { Array($0.utf8) }
    static let templateWords = [
        "{%", "%}", "{{", "}}", "{#", "#}", "for i in ", "endfor", "if ", "endif", "| tojson", "* 1000000", "namespace(",
        "range(", "[::-1]", " is ", "~",
        "{% set x = x + x %}", ".items()", "loop.",
    ]
    static let conversation: [String: TemplateValue] = [
        "messages": TemplateValue([
            ["role": "system", "content": "Be brief."], ["role": "user", "content": "Turn on the <lights> of 'the kitchen'."],
            ["role": "assistant", "content": ""],
        ]),
        "tools": TemplateValue([
            [
                "type": "function",
                "function": ["name": "f", "parameters": ["type": "object", "properties": ["a": ["type": "integer"]]]],
            ]
        ]),
        "add_generation_prompt": .bool(true), "bos_token": TemplateValue(text: "<s>"),
    ]

    // MARK: Rows

    static func rows(_ format: RowFormat) -> [[UInt8]] {
        let text: String =
            switch format {
            case .decant:
                #"{"id":"a","query":"play x","tools":[{"name":"play","description":"Play.","parameters":{"type":"object","properties":{"song":{"type":"string"}}}}],"answers":[{"name":"play","arguments":{"song":"x"}}]}"#
            case .openai:
                #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"play x"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"play","arguments":"{\"song\":\"x\",\"n\":3}"}}]}],"tools":[{"type":"function","function":{"name":"play","parameters":{"type":"object","properties":{"song":{"type":"string"},"n":{"type":"integer"}}}}}]}"#
            case .snips:
                #"{"AddToPlaylist":[{"data":[{"text":"add "},{"text":"x","entity":"song"},{"text":" to list"}]}]}"#
            case .xlam:
                #"{"id":7,"query":"play x","tools":"[{\"name\":\"play\",\"description\":\"Play.\",\"parameters\":{\"song\":{\"type\":\"List[str], optional\",\"default\":5}}}]","answers":"[{\"name\":\"play\",\"arguments\":{\"song\":[\"x\"]}}]"}"#
            case .bfcl:
                #"{"id":"irrelevance_0","question":[[{"role":"user","content":"area of 5"}]],"function":[{"name":"area","description":"A.","parameters":{"type":"dict","properties":{"base":{"type":"integer"}},"required":["base"]}}]}"#
            case .spans:
                #"[{"userInput":{"text":"é at 6"},"context":{"requestedSlots":["time"]},"labels":[{"slot":"time","valueSpan":{"startIndex":5,"endIndex":6}}]}]"#
            case .options: #"{"id":"a","query":"x?","options":["y","x","é"],"reply":"x"}"#
            case .mmlu: #"{"question":" x? ","choices":["3","x","5","6"],"answer":1}"#
            case .cmmlu: #"{"Question":" x? ","A":"3","B":"x","C":"5","D":"6","Answer":"B"}"#
            case .arc: #"{"id":"x","question":"x?","choices":{"text":["one","x"],"label":["A","2"]},"answerKey":"2"}"#
            case .hellaswag:
                #"{"activity_label":"x","ctx_a":"A. [title] Then","ctx_b":"éa [b]  ΣΣ","endings":[" [x] eats."," runs"],"label":"1"}"#
            case .ranking:
                #"[{"query":"x","document":"d","relevance":1.5,"group":3},{"query":"x","better":"a","worse":"b"},{"query":"x","documents":[{"text":"t","relevance":true}]}]"#
            case .table: #"{"id":"7","query":"the app crashes","label":"bug","context":"version 2","instructions":"be brief"}"#
            case .text: "A passage.\n\nAnother passage\twith é and \u{0}.\r\n\r\nThe last.\n"
            }
        let others = format == .openai ? chats.map { Array($0.utf8) } : []
        return [Array(text.utf8), Array((text + "\n" + text.replacing("x", with: "y")).utf8)] + others
    }

    /// Chats in the other layouts, with calls in their words.
    private static let chats = [
        ##"{"conversations":[{"from":"system","value":"Be.\n# Tools\n<tools>\n{\"name\":\"play\",\"parameters\":{\"$defs\":{\"A\":{\"type\":\"string\"}},\"type\":\"object\",\"properties\":{\"song\":{\"$ref\":\"#/$defs/A\"}}}}\n</tools>\n<tool_call>\n{}\n</tool_call>"},{"from":"human","value":"a"},{"from":"gpt","value":"<think>x</think><tool_call>\n{'name': 'play', 'arguments': {\"song\": None}}\n</tool_call>"},{"from":"tool","value":"<tool_response>\n{}\n</tool_response>"},{"from":"gpt","value":"ok"}]}"##,
        #"{"system":"SYSTEM: access to the following functions -\n{\"name\":\"play\"}","chat":"USER: a\n\nASSISTANT: <functioncall> {\"name\": \"play\", \"arguments\": '{\"song\": 0.10}'} <|endoftext|>\n\nFUNCTION RESPONSE: {}\n\nASSISTANT: b"}"#,
        #"{"instruction":"a","input":"b","output":"[play(song='x', n=1e3), play()]","history":[["q","a"]],"tools":"[{\"name\":\"play\"}]"}"#,
        #"{"prompt":[{"role":"user","content":[{"type":"text","text":"a"}]}],"completion":[{"role":"assistant","content":"{\"name\": \"play\", \"parameters\": {}}"}],"tools":[{"type":"function","function":{"name":"play"}}]}"#,
    ]
}
