import CanonicalJSON

/// A published kind of byte-level BPE tokenizer: its name in GGUF's metadata, and its parts in `tokenizer.json`.
enum BytePairFamily: String, CaseIterable {
    case gpt2 = "gpt-2"
    case smolLM = "smollm"
    case qwen2
    case llama3 = "llama-bpe"

    /// - Parameter name: `tokenizer.ggml.pre`.
    init?(named name: String) {
        switch name {
        case "llama3", "llama-v3": self = .llama3
        default: self.init(rawValue: name)
        }
    }

    /// The family of a `tokenizer.json` by how it cuts text, however its file spells that; `nil` for other cuts.
    init?(of tokenizer: JSON) {
        switch try? PreTokenizer.parsed(tokenizer["pre_tokenizer"]).rule {
        case .gpt2: self = .gpt2
        case .gpt2WithSingleDigits: self = .smolLM
        case .cased(digits: 1): self = .qwen2
        case .cased(digits: 3): self = .llama3
        default: return nil
        }
    }

    /// Whether the family's name says all of how text becomes tokens.
    func tells(_ tokenizer: JSON) -> Bool {
        guard let stated = try? TextNormalizer(parsing: tokenizer["normalizer"]),
            let own = try? TextNormalizer(parsing: normalizer)
        else { return false }
        return stated == own && (tokenizer["model"]?["ignore_merges"] == true) == ignoresMerges
    }

    var normalizer: JSON { self == .qwen2 ? ["type": "NFC"] : nil }

    var preTokenizer: JSON {
        switch self {
        case .gpt2: Self.byteLevel(trimsOffsets: true, usesPattern: true)
        case .smolLM:
            Self.sequence(
                ["type": "Digits", "individual_digits": true], Self.byteLevel(trimsOffsets: true, usesPattern: true))
        case .qwen2: Self.sequence(Self.split(digits: #"\p{N}"#), Self.byteLevel(trimsOffsets: false, usesPattern: false))
        case .llama3: Self.sequence(Self.split(digits: #"\p{N}{1,3}"#), Self.byteLevel(trimsOffsets: true, usesPattern: false))
        }
    }

    /// - Parameter begin: the token that begins every text, where one does.
    func postProcessor(begin: (id: Int, content: String)?) -> JSON {
        let plain: JSON =
            switch self {
            case .gpt2: Self.byteLevel(addsSpace: true, trimsOffsets: false, usesPattern: true)
            case .smolLM: nil
            case .qwen2: Self.byteLevel(trimsOffsets: false, usesPattern: false)
            case .llama3: Self.byteLevel(addsSpace: true, trimsOffsets: false, usesPattern: true)
            }
        guard let begin else { return plain }
        let template = Self.template(begin)
        return plain == .null ? template : ["type": "Sequence", "processors": [plain, template]]
    }

    var decoder: JSON {
        self == .qwen2
            ? Self.byteLevel(trimsOffsets: false, usesPattern: false)
            : Self.byteLevel(addsSpace: true, trimsOffsets: true, usesPattern: true)
    }

    /// Whether a piece that is a token as a whole stays whole.
    var ignoresMerges: Bool { self == .llama3 }

    private static func sequence(_ parts: JSON...) -> JSON { ["type": "Sequence", "pretokenizers": .array(parts)] }

    private static func byteLevel(addsSpace: Bool = false, trimsOffsets: Bool, usesPattern: Bool) -> JSON {
        [
            "type": "ByteLevel", "add_prefix_space": .bool(addsSpace), "trim_offsets": .bool(trimsOffsets),
            "use_regex": .bool(usesPattern),
        ]
    }

    /// The cuts of OpenAI's cl100k; the families differ in how many digits stay together.
    private static func split(digits: String) -> JSON {
        let pattern =
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        return ["type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated", "invert": false]
    }

    private static func template(_ begin: (id: Int, content: String)) -> JSON {
        func special(_ type: Int64) -> JSON { ["SpecialToken": ["id": .string(begin.content), "type_id": .integer(type)]] }
        func text(_ name: String, _ type: Int64) -> JSON { ["Sequence": ["id": .string(name), "type_id": .integer(type)]] }
        return [
            "type": "TemplateProcessing", "single": [special(0), text("A", 0)],
            "pair": [special(0), text("A", 0), special(1), text("B", 1)],
            "special_tokens": [
                begin.content: [
                    "id": .string(begin.content), "ids": [.integer(Int64(begin.id))], "tokens": [.string(begin.content)],
                ]
            ],
        ]
    }
}
