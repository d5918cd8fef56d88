import CanonicalJSON

/// BPE of characters as SentencePiece makes it: `▁` stands for a space, and bytes for characters that the vocabulary lacks.
/// Llama 2, Mistral, TinyLlama and Gemma have such tokenizers; GGUF calls them `llama`.
///
/// llama.cpp joins the neighbours whose joint token has the highest score, where BPE looks for the first merge of a list.
struct SentencePieces: TokenizerForm, Hashable {
    /// Whether `▁` comes before a text, and before what follows a special token.
    var putsSpaceBefore: Bool

    static let space = "▁"

    private static let replacing = JSON.object([
        "type": "Replace", "pattern": ["String": " "], "content": .string(space),
    ])

    var normalizer: JSON {
        guard putsSpaceBefore else { return Self.replacing }
        return ["type": "Sequence", "normalizers": [["type": "Prepend", "prepend": .string(Self.space)], Self.replacing]]
    }

    var preTokenizer: JSON { nil }
    var afterModel: JSON { nil }

    var decoder: JSON {
        let back: [JSON] = [
            ["type": "Replace", "pattern": ["String": .string(Self.space)], "content": " "], ["type": "ByteFallback"],
            ["type": "Fuse"],
        ]
        let strip: JSON = ["type": "Strip", "content": " ", "start": 1, "stop": 0]
        return ["type": "Sequence", "decoders": .array(putsSpaceBefore ? back + [strip] : back)]
    }

    func modelMembers(unknown: String?) -> [String: JSON] {
        [
            "unk_token": unknown.map(JSON.string) ?? .null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
        ]
    }
}

extension SentencePieces {
    /// The form of a pipeline that makes each space a `▁`; `nil` for others.
    init?(_ pipeline: TextPipeline) {
        guard !pipeline.isByteLevel, case .steps(let steps) = pipeline.preTokenizer else { return nil }
        let normalizer = pipeline.normalizer.steps
        if case .metaspace(let metaspace)? = steps.first, steps.count == 1, metaspace.replacement == Self.space {
            putsSpaceBefore = metaspace.prefix != .never
            return
        }
        // After the replacement there is no space left to cut at.
        guard normalizer.contains(.replace(.text(" "), by: Self.space)),
            steps.allSatisfy({ if case .split(let split) = $0 { split.pattern == .text(" ") } else { false } })
        else { return nil }
        putsSpaceBefore = normalizer.contains(.prepend(Self.space))
    }

    /// What llama.cpp does otherwise with texts of this form.
    func differences(_ pipeline: TextPipeline) -> [String] {
        var differences: [String] = []
        if case .steps(let steps) = pipeline.preTokenizer, case .metaspace(let metaspace)? = steps.first,
            metaspace.prefix == .first
        {
            differences.append("llama.cpp puts a space behind special tokens too, and this tokenizer before the text alone")
        }
        let known: [TextNormalizer.Step] = [.prepend(Self.space), .replace(.text(" "), by: Self.space)]
        if !pipeline.normalizer.steps.allSatisfy(known.contains) {
            differences.append("llama.cpp does not normalize text as this tokenizer does")
        }
        return differences
    }
}

/// Merges as the scores of the tokens that they make.
struct MergeScores {
    typealias Pair = (left: String, right: String)

    /// By a token's bytes: the earlier its first merge, the higher.
    private(set) var scores: [Spelling: Float] = [:]
    /// Whether joining by scores is joining by the list: each way to divide a token into two is a merge, one after the other.
    private(set) var areExact = true

    /// - Parameter tokens: those that merges make or could make.
    init(_ merges: [Pair], of tokens: [String]) {
        let known = Set(tokens.map { Spelling($0) })
        var counts: [Spelling: Int] = [:]
        var last: Spelling?
        for merge in merges {
            let token = Spelling(merge.left + merge.right)
            if token != last {
                if scores[token] != nil { areExact = false } else { scores[token] = -Float(scores.count) }
            }
            counts[token, default: 0] += 1
            last = token
        }
        let lowest = -Float(scores.count)
        for token in known where Self.divisions(of: token.text, known.contains).count != counts[token, default: 0] {
            areExact = false
            if scores[token] == nil { scores[token] = lowest }
        }
    }

    /// The merges that scores stand for, as `transformers` derives them: those of tokens with higher scores first.
    static func merges(_ tokens: [(text: String, id: Int, score: Float)], ids: [Spelling: Int]) -> [Pair] {
        var ranked: [(pair: Pair, score: Float, left: Int, right: Int)] = []
        for token in tokens {
            let own = divisions(of: token.text) { ids[$0] != nil }
            ranked += own.sorted { places($0, ids) < places($1, ids) }.map {
                ($0, token.score, $0.left.unicodeScalars.count, $0.right.unicodeScalars.count)
            }
        }
        return ranked.enumerated().sorted { first, second in
            let (a, b) = (first.element, second.element)
            if a.score != b.score { return a.score > b.score }
            if a.left != b.left { return a.left > b.left }
            if a.right != b.right { return a.right > b.right }
            return first.offset < second.offset
        }.map(\.element.pair)
    }

    private static func places(_ pair: Pair, _ ids: [Spelling: Int]) -> (Int, Int) {
        (ids[Spelling(pair.left)] ?? 0, ids[Spelling(pair.right)] ?? 0)
    }

    /// Longer tokens are the product of no merge: a file may claim texts of any length.
    private static let longestToken = 512

    /// The ways to divide a text into two tokens.
    private static func divisions(of text: String, _ isToken: (Spelling) -> Bool) -> [Pair] {
        let scalars = text.unicodeScalars
        guard scalars.count <= longestToken else { return [] }
        return scalars.indices.dropFirst().compactMap { place in
            let (left, right) = (String(scalars[..<place]), String(scalars[place...]))
            return isToken(Spelling(left)) && isToken(Spelling(right)) ? (left, right) : nil
        }
    }
}
