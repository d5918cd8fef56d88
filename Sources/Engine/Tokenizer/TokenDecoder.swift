import CanonicalJSON

/// How the spellings of tokens become text again: `decoder` of a `tokenizer.json`.
struct TokenDecoder: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case byteLevel
        case byteFallback
        case fuse
        case replace(TextSplit.Pattern, by: String)
        /// Takes up to so many of a character from each end.
        case strip(Unicode.Scalar, start: Int, stop: Int)
        case metaspace(Metaspace)
        /// The suffix that ends a word becomes a space.
        case wordEnd(String)
    }

    /// Nil where there is no decoder: tokens are joined by spaces.
    var steps: [Step]?

    static let byteLevel = TokenDecoder(steps: [.byteLevel])

    /// The text of tokens, given their spellings. Bytes that are not UTF-8 become U+FFFD.
    func text(of spellings: [String]) -> String {
        guard let steps else { return spellings.joined(separator: " ") }
        return steps.reduce(spellings) { $1.applied(to: $0) }.joined()
    }

    /// Whether the bytes of tokens are the bytes of their text, wherever it starts.
    var joinsBytes: Bool { steps == [.byteLevel] }

    /// The bytes that a token stands for within a text.
    func bytes(of spelling: String) -> [UInt8] {
        var bytes: [UInt8] = []
        let steps = steps ?? []
        if steps.contains(.byteLevel), ByteAlphabet.append(bytesSpelled: spelling, to: &bytes) { return bytes }
        if steps.contains(.byteFallback), let byte = CharacterTokens.byte(spelled: spelling) { return [byte] }
        return Array(steps.reduce(spelling) { $1.withinText($0) }.utf8)
    }
}

extension TokenDecoder.Step {
    fileprivate func applied(to tokens: [String]) -> [String] {
        switch self {
        case .byteLevel:
            var bytes: [UInt8] = []
            for token in tokens where !ByteAlphabet.append(bytesSpelled: token, to: &bytes) { bytes += token.utf8 }
            return [String(decoding: bytes, as: UTF8.self)]
        case .byteFallback: return Self.joiningBytes(tokens)
        case .fuse: return [tokens.joined()]
        case .replace, .wordEnd:
            return tokens.enumerated().map { index, token in
                if case .wordEnd(let suffix) = self, index == tokens.count - 1 {
                    return Self.replaced(suffix, by: "", in: token)
                }
                return withinText(token)
            }
        case .strip(let scalar, let start, let stop): return tokens.map { Self.stripped($0, scalar, start, stop) }
        case .metaspace(let metaspace):
            return tokens.enumerated().map { index, token in
                index == 0 && metaspace.prefix != .never
                    ? Self.replaced(metaspace.replacement, by: "", in: token) : withinText(token)
            }
        }
    }

    /// The token where other tokens stand before and behind it.
    fileprivate func withinText(_ token: String) -> String {
        switch self {
        case .replace(.text(let wanted), let content): return Self.replaced(wanted, by: content, in: token)
        case .replace(.expression(let expression), let content):
            var (result, last) = ([UInt8](), 0)
            var token = token
            token.withUTF8 { bytes in
                expression.forEachMatch(in: bytes) { match in
                    result += bytes[last..<match.lowerBound] + Array(content.utf8)
                    last = match.upperBound
                }
                result += bytes[last...]
            }
            return String(decoding: result, as: UTF8.self)
        case .metaspace(let metaspace): return Self.replaced(metaspace.replacement, by: " ", in: token)
        case .wordEnd(let suffix): return Self.replaced(suffix, by: " ", in: token)
        default: return token
        }
    }

    private static func replaced(_ wanted: String, by content: String, in token: String) -> String {
        var (result, last) = ([UInt8](), 0)
        var token = token
        token.withUTF8 { bytes in
            bytes.forEachPlace(of: Array(wanted.utf8)) { place in
                result += bytes[last..<place.lowerBound] + Array(content.utf8)
                last = place.upperBound
            }
            result += bytes[last...]
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Runs of byte tokens become text; each byte of a run that is not UTF-8 becomes U+FFFD.
    private static func joiningBytes(_ tokens: [String]) -> [String] {
        var result: [String] = []
        var bytes: [UInt8] = []
        func endRun() {
            guard !bytes.isEmpty else { return }
            result.append(String(validating: bytes, as: UTF8.self) ?? String(repeating: "\u{FFFD}", count: bytes.count))
            bytes.removeAll(keepingCapacity: true)
        }
        for token in tokens {
            if let byte = CharacterTokens.byte(spelled: token) {
                bytes.append(byte)
            } else {
                endRun()
                result.append(token)
            }
        }
        endRun()
        return result
    }

    private static func stripped(_ token: String, _ scalar: Unicode.Scalar, _ start: Int, _ stop: Int) -> String {
        let scalars = Array(token.unicodeScalars)
        let first = scalars.prefix(start).prefix { $0 == scalar }.count
        let last = scalars.count - scalars.suffix(stop).reversed().prefix { $0 == scalar }.count
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars[first..<max(first, last)])
        return String(result)
    }
}

extension TokenDecoder {
    /// - Throws: a fault that names what is not supported.
    init(parsing json: JSON?) throws(TokenizerFault) {
        if let json, json != .null { steps = try Self.steps(json) }
    }

    private static func steps(_ json: JSON) throws(TokenizerFault) -> [Step] {
        switch json["type"]?.string {
        case "Sequence":
            var steps: [Step] = []
            for part in json["decoders"]?.array ?? [] { steps += try self.steps(part) }
            return steps
        case "ByteLevel": return [.byteLevel]
        case "ByteFallback": return [.byteFallback]
        case "Fuse": return [.fuse]
        case "Replace": return [.replace(try TextNormalizer.pattern(json["pattern"]), by: json["content"]?.string ?? "")]
        case "Strip":
            guard let content = json["content"]?.string?.unicodeScalars, content.count == 1, let scalar = content.first,
                let start = json["start"]?.integer, let stop = json["stop"]?.integer, start >= 0, stop >= 0
            else { throw TokenizerFault("its decoder Strip has no character, start and stop") }
            return [.strip(scalar, start: start, stop: stop)]
        case "Metaspace": return [.metaspace(try PreTokenizer.metaspace(json))]
        case "BPEDecoder": return [.wordEnd(json["suffix"]?.string ?? "</w>")]
        case let type:
            throw TokenizerFault(
                "its decoder has the step '\(type ?? "?")'; those that can be read are BPEDecoder, ByteFallback, ByteLevel, "
                    + "Fuse, Metaspace, Replace and Strip")
        }
    }
}
