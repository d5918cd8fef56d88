/// The special tokens of every tokenizer that Decant trains, with ids 0 to 4 in this order.
package enum SpecialToken: String, CaseIterable, Hashable, Sendable {
    /// Pads batches and separates documents.
    case endOfText = "<|endoftext|>"
    case user = "<|user|>", assistant = "<|assistant|>", tools = "<|tools|>"
    /// Ends a response.
    case end = "<|end|>"
}

/// A token outside the merges: text that spells it becomes this one token.
struct AddedToken: Hashable, Sendable {
    var id: Int
    var content: String
    /// Whether decoded text omits it.
    var isSpecial: Bool
    /// Whether the model's vocabulary also lists it.
    var isInVocabulary = true
    /// Whether it is searched for in the normalized text and not in the raw text.
    var isNormalized = false
    /// Whether it matches only where no word continues at either end.
    var isWholeWord = false
    /// Whether it includes the white space before it.
    var takesSpaceBefore = false
    /// Whether it includes the white space after it.
    var takesSpaceAfter = false
}

/// Finds added tokens in text, from left to right; of those that start at one place, the longest.
struct AddedTokenScanner: Sendable {
    struct Match: Hashable {
        var range: Range<Int>
        var id: Int
    }

    private struct Candidate {
        var content: [UInt8]
        var token: AddedToken
    }

    /// Candidates by first byte, the longest first.
    private let candidates: [[Candidate]]
    /// The first byte of all candidates, where it is the same.
    private let onlyFirstByte: UInt8?

    init(_ tokens: [AddedToken]) {
        var candidates = [[Candidate]](repeating: [], count: 256)
        for token in tokens.sorted(by: { $0.content.utf8.count > $1.content.utf8.count }) {
            let content = Array(token.content.utf8)
            if let first = content.first { candidates[Int(first)].append(Candidate(content: content, token: token)) }
        }
        self.candidates = candidates
        let firstBytes = candidates.indices.filter { !candidates[$0].isEmpty }
        onlyFirstByte = firstBytes.count == 1 ? UInt8(firstBytes[0]) : nil
        isEmpty = firstBytes.isEmpty
    }

    let isEmpty: Bool

    /// Every added token in the text, in order.
    ///
    /// - Parameter marks: places that no special token may lie across.
    func matches(in text: UnsafeBufferPointer<UInt8>, marks: [Int] = []) -> [Match] {
        var matches: [Match] = []
        var covered = 0
        var position = 0
        while !isEmpty, let start = nextCandidate(in: text, from: position) {
            guard let found = longest(in: text, at: start, marks) else {
                position = start + 1
                continue
            }
            position = start + found.content.count
            if found.token.isWholeWord, !isWhole(start..<position, in: text) { continue }
            var range = start..<position
            if found.token.takesSpaceBefore { range = max(covered, startOfSpace(before: start, in: text))..<range.upperBound }
            if found.token.takesSpaceAfter { range = range.lowerBound..<PieceScanner(text).whiteSpace(from: position).end }
            // White space that the previous token includes holds no other token.
            guard range.lowerBound >= covered else { continue }
            matches.append(Match(range: range, id: found.token.id))
            covered = range.upperBound
        }
        return matches
    }

    @inline(__always) private func nextCandidate(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var position = start
        if let onlyFirstByte {
            while position < text.count, text[position] != onlyFirstByte { position += 1 }
        } else {
            while position < text.count, candidates[Int(text[position])].isEmpty { position += 1 }
        }
        return position < text.count ? position : nil
    }

    private func longest(in text: UnsafeBufferPointer<UInt8>, at start: Int, _ marks: [Int]) -> Candidate? {
        candidates[Int(text[start])].first { candidate in
            let end = start + candidate.content.count
            guard end <= text.count, candidate.content.indices.allSatisfy({ text[start + $0] == candidate.content[$0] }) else {
                return false
            }
            return marks.isEmpty || !candidate.token.isSpecial || !marks.contains { start < $0 && $0 < end }
        }
    }

    private func isWhole(_ range: Range<Int>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        let before =
            range.lowerBound > 0 && isWordCharacter(in: text, at: text.startOfCharacter(before: range.lowerBound))
        let after = range.upperBound < text.count && isWordCharacter(in: text, at: range.upperBound)
        return !before && !after
    }

    private func isWordCharacter(in text: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        Unicode.Scalar(text.scalar(at: position).value)?.isWordCharacter ?? false
    }

    private func startOfSpace(before end: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var position = end
        while position > 0 {
            let previous = text.startOfCharacter(before: position)
            guard PieceScanner(text).characterClass(at: previous).contains(.whiteSpace) else { break }
            position = previous
        }
        return position
    }
}

/// The scanners for one set of added tokens: those of the raw text, and those of the normalized text.
struct AddedTokenScanners: Sendable {
    let raw: AddedTokenScanner
    let normalized: AddedTokenScanner
    /// The texts of the special tokens as they stand, and of those that are looked for in normalized text.
    private let special: (raw: [[UInt8]], normalized: [[UInt8]])

    init(_ tokens: [AddedToken], _ normalizer: TextNormalizer) {
        let changed = tokens.filter(\.isNormalized).map { token in
            var token = token
            token.content = normalizer.normalized(token.content)
            return token
        }
        raw = AddedTokenScanner(tokens.filter { !$0.isNormalized })
        normalized = AddedTokenScanner(changed)
        special = (
            tokens.filter { $0.isSpecial && !$0.content.isEmpty }.map { Array($0.content.utf8) },
            changed.filter { $0.isSpecial && !$0.content.isEmpty }.map { Array($0.content.utf8) }
        )
    }

    /// Where a special token is spelled, or begins at the end of the text: offsets of bytes.
    func placesOfSpecialTokens(in text: String) -> Set<Int> {
        let bytes = Array(text.utf8)
        let firsts = Set(special.raw.map { $0[0] })
        return Set(
            bytes.indices.filter { start in
                firsts.contains(bytes[start])
                    && special.raw.contains { token in bytes[start...].starts(with: token.prefix(bytes.count - start)) }
            })
    }

    /// Whether a special token that is looked for in normalized text stands there.
    func mayHideSpecialToken(_ text: String, _ normalizer: TextNormalizer) -> Bool {
        guard !special.normalized.isEmpty else { return false }
        let bytes = Array(normalizer.normalized(text).utf8)
        return special.normalized.contains { token in
            bytes.indices.contains { bytes[$0...].starts(with: token) }
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Where the character before a position starts, in valid UTF-8.
    func startOfCharacter(before position: Int) -> Int {
        var start = position - 1
        while start > 0, self[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }
}
