import CanonicalJSON
import Testing

@testable import Engine

/// Calls as frames of domain, intent and slots, and back.
@Suite struct IntentFrameTests {
    static let light = FunctionDefinition(
        name: "set_light", summary: "",
        parameters: [
            "type": "object",
            "properties": [
                "room": ["type": "string", "enum": ["Living Room", "kitchen"]], "level": ["type": "integer"],
                "on": ["type": "boolean"], "names": ["type": "array", "items": ["type": "string"]],
            ],
        ])
    static let play = FunctionDefinition(
        name: "play", summary: "", parameters: ["type": "object", "properties": ["song": ["type": "string"]]])
    static let functions = ["set_light": light, "play": play]
    static let domains = FunctionDomains(["home": ["set_light"], "music": ["play", "stop"]])

    static func row(_ query: String, _ calls: FunctionCall...) -> Row { Row(id: query, query: query, answers: calls) }

    static let rows = [
        row("set the kitchen to 40", FunctionCall(name: "set_light", arguments: ["room": "kitchen", "level": 40, "on": true])),
        row("light up my lounge", FunctionCall(name: "set_light", arguments: ["room": "Living Room", "on": true])),
        row("play Let It Be!", FunctionCall(name: "play", arguments: ["song": "let it be"])),
        row(
            "play x, then stop", FunctionCall(name: "play", arguments: ["song": "x"]),
            FunctionCall(name: "stop", arguments: [:])),
        row("hello"),
    ]

    @Test func wordsKeepTheirPlaces() {
        let query = QueryWords("  Play “Let It Be”, at 7:30 o'clock!")
        #expect(query.words == ["Play", "“", "Let", "It", "Be", "”", ",", "at", "7", ":", "30", "o", "'", "clock", "!"])
        #expect(query.place(of: "let it be") == 2..<5)
        #expect(query.place(of: "7:30") == 8..<11)
        #expect(query.text(of: 8..<11) == "7:30")
        #expect(query.text(of: 11..<14) == "o'clock")
        #expect(query.place(of: "be it") == nil)
        #expect(query.place(of: "!?") == nil)
        #expect(query.place(of: "") == nil)
        let twice = QueryWords("on and on")
        #expect(twice.place(of: "on", outside: [0..<1]) == 2..<3)
        #expect(QueryWords("").count == 0)
    }

    @Test func labelsAreThoseOfTheRows() {
        let labels = FrameLabels(Self.rows, Self.domains)
        #expect(labels.intents == ["", "play", "set_light"])
        #expect(labels.slots == ["level", "room", "song"])
        #expect(labels.tags == ["O", "B-level", "I-level", "B-room", "I-room", "B-song", "I-song"])
        // Nobody says that the light is on; the lounge is said once alone.
        #expect(labels.values == ["on=true"])
        #expect(labels.spellings == ["song": ["let it be": "let it be"]])
        #expect(labels.cutRows == 1)
        #expect(labels.heads.map(\.name) == ["intent", "domain", "slots", "values"])
        #expect(labels.heads[1].labels == ["", "home", "music"])
        #expect(FrameLabels(Self.rows, FunctionDomains()).heads.map(\.name) == ["intent", "slots", "values"])
    }

    @Test func longerValuesAreTaggedFirst() {
        let call = FunctionCall(name: "find", arguments: ["city": "York", "team": "New York Rangers", "again": "york"])
        let spans = SlotSpans(call, in: QueryWords("do the New York Rangers play in York"))
        #expect((0..<8).map(spans.tag) == ["O", "O", "B-team", "I-team", "I-team", "O", "O", "B-again"])
        #expect(spans.unspoken == ["city=\"York\""])
    }

    /// Scores that are 1 at some labels and 0 elsewhere.
    static func scores(
        _ heads: [EncoderHead], intent: String, domain: String, tags: [String], values: [String] = []
    ) -> EncoderScores {
        func logits(_ head: EncoderHead, _ wanted: [String]) -> [Float] { head.labels.map { wanted.contains($0) ? 1 : -1 } }
        return EncoderScores(
            logits: heads.map { head in
                switch head.name {
                case "intent": logits(head, [intent])
                case "domain": logits(head, [domain])
                case "values": logits(head, values)
                default: tags.flatMap { logits(head, [$0]) }
                }
            })
    }

    @Test func scoresBecomeACall() throws {
        let labels = FrameLabels(Self.rows, Self.domains)
        let reader = try FrameReader(labels.heads, json: labels.json)
        func calls(_ query: String, intent: String, domain: String, _ tags: [String], values: [String] = []) -> [FunctionCall] {
            let words = QueryWords(query)
            return reader.calls(
                for: words, starts: words.words.indices.map { $0 },
                Self.scores(labels.heads, intent: intent, domain: domain, tags: tags, values: values), functions: Self.functions
            )
        }
        #expect(
            calls(
                "living room to 40", intent: "set_light", domain: "home", ["B-room", "I-room", "O", "B-level"],
                values: ["on=true"])
                == [FunctionCall(name: "set_light", arguments: ["room": "Living Room", "level": 40, "on": true])])
        // The domain rules; a slot of another function is none.
        #expect(
            calls("kitchen Let It Be", intent: "set_light", domain: "music", ["B-room", "B-song", "I-song", "I-song"])
                == [FunctionCall(name: "play", arguments: ["song": "let it be"])])
        #expect(calls("hello", intent: "", domain: "", ["O"]) == [])
        // What stands in the middle ends a value, and the first one counts.
        #expect(
            calls("a or b", intent: "play", domain: "music", ["I-song", "O", "B-song"])
                == [FunctionCall(name: "play", arguments: ["song": "a"])])
        #expect(throws: RowError.self) {
            try FrameReader([EncoderHead("functions", reading: .text, labels: ["a"])], json: [:])
        }
    }

    @Test func framesAreScored() {
        var scores = FrameScores(Self.domains)
        scores.add(Self.rows[0], answer: #"[{"name":"set_light","arguments":{"room":"kitchen","level":40.0,"on":false}}]"#)
        scores.add(Self.rows[2], answer: #"[{"name":"stop","arguments":{}}]"#)
        scores.add(Self.rows[4], answer: "[]")
        scores.add(Self.rows[3], answer: "no calls at all")
        let members = scores.members
        #expect(members["domain"] == 0.75)
        #expect(members["intent"] == 0.5)
        #expect(members["frame"] == 0.25)
        // Wanted 3 + 1 + 1, given 3, both 2.
        #expect(members["slot_precision"] == .number(2.0 / 3))
        #expect(members["slot_recall"] == .number(2.0 / 5))
        #expect(members["slot_f1"] == 0.5)
        #expect(FrameScores(Self.domains).members["domain"] == .null)
    }

    /// BERT base, whose parameters are published.
    @Test func costsOfAnEncoderAreCounted() throws {
        let base = try EncoderConfiguration(
            json: [
                "model_type": "bert", "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12,
                "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 512,
            ])
        let cost = EncoderCost(base, heads: [])
        // 109,482,240 parameters with the pooler of 590,592.
        #expect(cost.parameters == 108_891_648)
        #expect(cost.embedding == (30522 + 512 + 2) * 768)
        #expect(abs(cost.reading(tokens: 128) / 1e9 - 22.35) < 0.01)
        let tagged = EncoderCost(
            base,
            heads: [EncoderHead("a", reading: .tokens, labels: ["x", "y"]), EncoderHead("b", reading: .text, labels: ["z"])])
        #expect(tagged.parameters == cost.parameters + 3 * 769)
        #expect(tagged.reading(tokens: 10) == cost.reading(tokens: 10) + Double(2 * 768 * (10 * 2 + 1)))
    }
}
