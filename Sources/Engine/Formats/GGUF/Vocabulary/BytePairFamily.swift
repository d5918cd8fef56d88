import CanonicalJSON

/// A published kind of byte-level BPE tokenizer: its name in GGUF's metadata, and its parts in `tokenizer.json`.
enum BytePairFamily: String, CaseIterable, TokenizerForm {
    case gpt2 = "gpt-2"
    case smolLM = "smollm"
    case qwen2
    case llama3 = "llama-bpe"
    /// Llama 3's cuts, where pieces that are tokens are merged all the same, as OLMo 2's are.
    case dbrx
    case o200k = "gpt-4o"
    case tekken
    case deepSeek3 = "deepseek-v3"
    case falcon

    /// - Parameter name: `tokenizer.ggml.pre`.
    init?(named name: String) {
        switch name {
        case "llama3", "llama-v3": self = .llama3
        case "smaug-bpe": self = .dbrx
        case "deepseek-r1-qwen": self = .qwen2
        case "llama4": self = .o200k
        default: self.init(rawValue: name)
        }
    }

    /// The family of a `tokenizer.json` by how it cuts text, however its file spells that; `nil` for other cuts.
    init?(of tokenizer: JSON) {
        guard let rule = try? PreTokenizer.parsed(tokenizer["pre_tokenizer"]).rule else { return nil }
        let alike = Self.allCases.filter { (try? PreTokenizer.parsed($0.preTokenizer).rule) == rule }
        let keepsWholePieces = tokenizer["model"]?["ignore_merges"] == true
        guard let family = alike.first(where: { $0.ignoresMerges == keepsWholePieces }) ?? alike.first else { return nil }
        self = family
    }

    var normalizer: JSON { self == .qwen2 ? ["type": "NFC"] : nil }

    var preTokenizer: JSON {
        switch self {
        case .gpt2: Self.byteLevel(trimsOffsets: true, usesPattern: true)
        case .smolLM:
            Self.sequence(
                ["type": "Digits", "individual_digits": true], Self.byteLevel(trimsOffsets: true, usesPattern: true))
        case .qwen2: Self.sequence(Self.split(digits: #"\p{N}"#), Self.byteLevel(trimsOffsets: false, usesPattern: false))
        case .llama3, .dbrx:
            Self.sequence(Self.split(digits: #"\p{N}{1,3}"#), Self.byteLevel(trimsOffsets: true, usesPattern: false))
        case .o200k:
            Self.sequence(Self.split(Self.casedWords(Self.contractions + "?", digits: #"\p{N}{1,3}"#)), Self.bytes)
        case .tekken: Self.sequence(Self.split(Self.casedWords("", digits: #"\p{N}"#)), Self.bytes)
        case .deepSeek3:
            Self.sequence(
                Self.split(#"\p{N}{1,3}"#), Self.split("[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+"),
                Self.split(
                    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
                        + #"| ?[\p{P}\p{S}]+[\r\n]*|"# + Self.spaces), Self.bytes)
        case .falcon:
            Self.sequence(
                ["type": "Punctuation", "behavior": "Contiguous"], Self.byteLevel(trimsOffsets: true, usesPattern: true),
                ["type": "Digits", "individual_digits": false], Self.split("[0-9][0-9][0-9]"))
        }
    }

    /// What stands after the model beside tokens around a text; it changes no token.
    var afterModel: JSON {
        switch self {
        case .gpt2, .llama3: Self.byteLevel(addsSpace: true, trimsOffsets: false, usesPattern: true)
        case .qwen2: Self.byteLevel(trimsOffsets: false, usesPattern: false)
        default: nil
        }
    }

    var decoder: JSON {
        self == .qwen2
            ? Self.byteLevel(trimsOffsets: false, usesPattern: false)
            : Self.byteLevel(addsSpace: true, trimsOffsets: true, usesPattern: true)
    }

    /// Whether a piece that is a token as a whole stays whole.
    var ignoresMerges: Bool { self == .llama3 || self == .tekken }

    func modelMembers(unknown: String?) -> [String: JSON] {
        ["unk_token": nil, "fuse_unk": false, "byte_fallback": false, "ignore_merges": .bool(ignoresMerges)]
    }

    private static func sequence(_ parts: JSON...) -> JSON { ["type": "Sequence", "pretokenizers": .array(parts)] }

    private static func byteLevel(addsSpace: Bool = false, trimsOffsets: Bool, usesPattern: Bool) -> JSON {
        [
            "type": "ByteLevel", "add_prefix_space": .bool(addsSpace), "trim_offsets": .bool(trimsOffsets),
            "use_regex": .bool(usesPattern),
        ]
    }

    private static let bytes = byteLevel(trimsOffsets: true, usesPattern: false)

    private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    private static let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static func split(_ pattern: String) -> JSON {
        ["type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated", "invert": false]
    }

    /// The cuts of OpenAI's cl100k; the families differ in how many digits stay together.
    private static func split(digits: String) -> JSON {
        split(
            contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|"# + spaces)
    }

    /// The cuts of OpenAI's o200k: words end where a capital follows a small letter.
    private static func casedWords(_ ending: String, digits: String) -> String {
        let (upper, lower) = (#"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#, #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#)
        let lead = #"[^\r\n\p{L}\p{N}]?"#
        return lead + upper + "*" + lower + "+" + ending + "|" + lead + upper + "+" + lower + "*" + ending + "|" + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + spaces
    }
}
