import CanonicalJSON

/// A rule that divides text into pieces, as a regular expression does. No token crosses the border of a piece.
enum PreTokenizer: Hashable, Sendable {
    /// Words, single digits, runs of spaces and runs of everything else: the rule of tokenizers that Decant trains.
    case words
    /// GPT-2's expression.
    case gpt2
    /// SmolLM2's rule: single digits, and GPT-2's expression between them.
    case gpt2WithSingleDigits
    /// Qwen2's expression with `digits` 1, Llama 3's with 3: the longest run of digits.
    case cased(digits: Int)

    /// The pieces of `text` as ranges of its UTF-8 bytes, in order and without gaps.
    func pieces(of text: String) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var text = text
        text.withUTF8 { bytes in forEachPiece(of: bytes) { pieces.append($0) } }
        return pieces
    }

    /// - Parameter text: valid UTF-8.
    @inline(__always) func forEachPiece(of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        let scanner = PieceScanner(text)
        var start = 0
        while start < text.count {
            let end =
                switch self {
                case .words: scanner.endOfWordPiece(from: start)
                case .gpt2: scanner.endOfGPT2Piece(from: start, numbers: .number)
                case .gpt2WithSingleDigits: scanner.endOfGPT2Piece(from: start, numbers: .digit)
                case .cased(let digits): scanner.endOfCasedPiece(from: start, digits: digits)
                }
            body(start..<end)
            start = end
        }
    }
}

extension PieceScanner {
    /// `[\p{L}\p{M}]+|\p{N}| +|[^\p{L}\p{M}\p{N} ]+`
    func endOfWordPiece(from start: Int) -> Int {
        let space = UInt8(ascii: " ")
        if text[start] == space {
            return text[start...].firstIndex { $0 != space } ?? end
        }
        let (first, next) = character(at: start)
        if first.contains(.number) { return next }
        if !first.isDisjoint(with: [.letter, .mark]) { return endOfRun(of: [.letter, .mark], from: next) }
        var position = next
        while position < end, text[position] != space {
            let (found, after) = character(at: position)
            if !found.isDisjoint(with: [.letter, .mark, .number]) { break }
            position = after
        }
        return position
    }
}

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

    /// Rules by the text of their expression.
    private static let splits: [String: PreTokenizer] = [
        wordsPattern: .words, casedPattern(#"\p{N}"#): .cased(digits: 1), casedPattern(#"\p{N}{1,3}"#): .cased(digits: 3),
    ]

    /// Reads `pre_tokenizer` of a `tokenizer.json`, in one of the forms that the supported models use.
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

    /// The rule as `tokenizer.json` has it.
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
