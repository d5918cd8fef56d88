import CanonicalJSON

/// What is wrong with a tokenizer: the end of a sentence that starts with the file's name.
struct TokenizerFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

extension PreTokenizer {
    /// The rule `words` as a regular expression, for the `tokenizers` library.
    private static let wordsPattern = #"[\p{L}\p{M}]+|\p{N}| +|[^\p{L}\p{M}\p{N} ]+"#

    private static func casedPattern(_ numbers: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// Rules by the text of their expression. Each finds every character of a text.
    private static let rules: [String: PreTokenizer] = [
        wordsPattern: .words, casedPattern(#"\p{N}"#): .cased(digits: 1), casedPattern(#"\p{N}{1,3}"#): .cased(digits: 3),
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
    ]

    /// Reads `pre_tokenizer` of a `tokenizer.json`.
    ///
    /// - Returns: the rule, and whether it leaves the bytes of the text to the model.
    /// - Throws: a fault that names what is not supported.
    static func parsed(_ json: JSON?) throws(TokenizerFault) -> (rule: PreTokenizer, isByteLevel: Bool) {
        let stated = try flattened(json ?? .null)
        let isByteLevel = stated.contains { $0["type"] == "ByteLevel" }
        var steps: [Step] = []
        for (index, json) in stated.enumerated() {
            steps += try self.steps(json, isLast: index == stated.count - 1)
        }
        if steps.count == 1, case .cut(let rule) = steps[0] { return (rule, isByteLevel) }
        let digits = Step.split(TextSplit(pattern: .character(.number), behavior: .isolated))
        return (steps == [digits, .cut(.gpt2)] ? .gpt2WithSingleDigits : .steps(steps), isByteLevel)
    }

    private static func flattened(_ json: JSON) throws(TokenizerFault) -> [JSON] {
        guard json != .null else { return [] }
        guard json["type"] == "Sequence" else { return [json] }
        guard let parts = json["pretokenizers"]?.array else { throw TokenizerFault("its pre_tokenizer is an empty sequence") }
        var steps: [JSON] = []
        for part in parts { steps += try flattened(part) }
        return steps
    }

    private static func steps(_ json: JSON, isLast: Bool) throws(TokenizerFault) -> [Step] {
        switch json["type"]?.string {
        case "ByteLevel":
            return (json["add_prefix_space"] == true ? [.spaceBefore] : [])
                + (json["use_regex"] != false ? [.cut(.gpt2)] : []) + (isLast ? [] : [.byteSymbols])
        case "Split": return [try split(json)]
        case "Digits":
            let isEach = json["individual_digits"] == true
            return [.split(TextSplit(pattern: .character(.number), behavior: isEach ? .isolated : .contiguous))]
        case "Punctuation":
            return [
                .split(TextSplit(pattern: .character(.punctuation), behavior: try behavior(json["behavior"] ?? "Isolated")))
            ]
        case "WhitespaceSplit": return [.split(TextSplit(pattern: .character(.whiteSpace), behavior: .removed))]
        case "Whitespace":
            return [.split(TextSplit(pattern: .words, behavior: .removed, isInverse: true))]
        case "CharDelimiterSplit":
            guard let delimiter = json["delimiter"]?.string, delimiter.unicodeScalars.count == 1 else {
                throw TokenizerFault("its pre_tokenizer has no delimiter of one character")
            }
            return [.split(TextSplit(pattern: .text(delimiter), behavior: .removed))]
        case "Metaspace": return [.metaspace(try metaspace(json))]
        case let type:
            throw TokenizerFault(
                "its pre_tokenizer has the step '\(type ?? "?")'; those that can be read are ByteLevel, CharDelimiterSplit, "
                    + "Digits, Metaspace, Punctuation, Split, Whitespace and WhitespaceSplit")
        }
    }

    private static func split(_ json: JSON) throws(TokenizerFault) -> Step {
        let behavior = try behavior(json["behavior"])
        let isInverse = json["invert"] == true
        if let text = json["pattern"]?["String"]?.string, !text.isEmpty {
            return .split(TextSplit(pattern: .text(text), behavior: behavior, isInverse: isInverse))
        }
        guard let pattern = json["pattern"]?["Regex"]?.string else {
            throw TokenizerFault("its pre_tokenizer splits by \(json["pattern"]?.canonicalText ?? "nothing")")
        }
        if behavior == .isolated || (behavior == .removed && isInverse), let rule = rules[pattern] { return .cut(rule) }
        return .split(
            TextSplit(pattern: .expression(try PieceExpression(pattern)), behavior: behavior, isInverse: isInverse))
    }

    private static func behavior(_ json: JSON?) throws(TokenizerFault) -> TextSplit.Behavior {
        guard let behavior = json?.string.flatMap(TextSplit.Behavior.init) else {
            throw TokenizerFault("its pre_tokenizer splits with the behavior \(json?.canonicalText ?? "none")")
        }
        return behavior
    }

    /// `prepend_scheme`; in older files `add_prefix_space`, which puts a space before every part.
    static func metaspace(_ json: JSON) throws(TokenizerFault) -> Metaspace {
        var metaspace = Metaspace(replacement: json["replacement"]?.string ?? "▁")
        guard metaspace.replacement.unicodeScalars.count == 1 else {
            throw TokenizerFault("its Metaspace replaces spaces by '\(metaspace.replacement)', which is not one character")
        }
        if let scheme = json["prepend_scheme"]?.string {
            guard let prefix = Metaspace.Prefix(rawValue: scheme) else {
                throw TokenizerFault("its Metaspace has the prepend_scheme '\(scheme)'")
            }
            metaspace.prefix = prefix
        }
        guard json["add_prefix_space"] != false || metaspace.prefix == .never else {
            throw TokenizerFault("its Metaspace sets add_prefix_space to false, and its prepend_scheme is not 'never'")
        }
        metaspace.splits = json["split"] != false
        return metaspace
    }

    /// The rule as `tokenizer.json` has it, for rules that are named.
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
        case .steps: return nil
        }
    }
}
