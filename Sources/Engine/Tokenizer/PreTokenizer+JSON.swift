import CanonicalJSON

/// What is wrong with a tokenizer, as the end of a sentence that starts with the file's name.
struct TokenizerFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

extension PreTokenizer {
    /// Our cuts as a regular expression, for the `tokenizers` library.
    private static let wordsPattern = #"[\p{L}\p{M}]+|\p{N}| +|[^\p{L}\p{M}\p{N} ]+"#

    private static func casedPattern(_ numbers: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// The expressions that can be told apart by their text.
    private static let splits: [String: PreTokenizer] = [
        wordsPattern: .words, casedPattern(#"\p{N}"#): .cased(digits: 1), casedPattern(#"\p{N}{1,3}"#): .cased(digits: 3),
    ]

    /// Takes `pre_tokenizer` of a `tokenizer.json` apart: one of the forms that the models in use have.
    init(parsing json: JSON?) throws(TokenizerFault) {
        guard let json, json != .null else { throw TokenizerFault("it has no pre_tokenizer") }
        let steps = json["type"] == "Sequence" ? json["pretokenizers"]?.array ?? [] : [json]
        let types = steps.map { $0["type"]?.string ?? "?" }
        for step in steps where step["type"] == "ByteLevel" && step["add_prefix_space"] == true {
            throw TokenizerFault("its pre_tokenizer sets 'add_prefix_space', which is not supported")
        }
        switch types {
        case ["ByteLevel"] where steps[0]["use_regex"] != false: self = .gpt2
        case ["Digits", "ByteLevel"] where steps[0]["individual_digits"] == true && steps[1]["use_regex"] != false:
            self = .gpt2WithSingleDigits
        case ["Split", "ByteLevel"] where steps[1]["use_regex"] == false: self = try Self.split(steps[0])
        default:
            throw TokenizerFault(
                "its pre_tokenizer (\(types.joined(separator: ", "))) is none of those of GPT-2, Qwen2, Llama 3, SmolLM2 "
                    + "and Decant"
            )
        }
    }

    private static func split(_ json: JSON) throws(TokenizerFault) -> PreTokenizer {
        guard json["behavior"] == "Isolated", json["invert"] != true, let pattern = json["pattern"]?["Regex"]?.string,
            let found = splits[pattern]
        else {
            let pattern = json["pattern"]?.canonicalText ?? "none"
            throw TokenizerFault("its pre_tokenizer splits by \(pattern), which is none of the patterns that are supported")
        }
        return found
    }

    /// As `tokenizer.json` states it.
    var json: JSON {
        func byteLevel(usesPattern: Bool) -> JSON {
            ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": .bool(usesPattern)]
        }
        func split(_ pattern: String) -> JSON {
            let split: JSON = [
                "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated", "invert": false,
            ]
            return ["type": "Sequence", "pretokenizers": [split, byteLevel(usesPattern: false)]]
        }
        switch self {
        case .words: return split(Self.wordsPattern)
        case .gpt2: return byteLevel(usesPattern: true)
        case .gpt2WithSingleDigits:
            return [
                "type": "Sequence",
                "pretokenizers": [["type": "Digits", "individual_digits": true], byteLevel(usesPattern: true)],
            ]
        case .cased(let digits): return split(Self.casedPattern(digits == 1 ? #"\p{N}"# : "\\p{N}{1,\(digits)}"))
        }
    }
}
