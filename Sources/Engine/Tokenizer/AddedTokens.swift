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
    func matches(in text: UnsafeBufferPointer<UInt8>) -> [Match] {
        var matches: [Match] = []
        var covered = 0
        var position = 0
        while !isEmpty, let start = nextCandidate(in: text, from: position) {
            guard let found = longest(in: text, at: start) else {
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

    private func longest(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> Candidate? {
        candidates[Int(text[start])].first { candidate in
            guard text.count - start >= candidate.content.count else { return false }
            return candidate.content.indices.allSatisfy { text[start + $0] == candidate.content[$0] }
        }
    }

    private func isWhole(_ range: Range<Int>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        let before =
            range.lowerBound > 0 && isWordCharacter(text.scalar(at: text.startOfCharacter(before: range.lowerBound)).value)
        let after = range.upperBound < text.count && isWordCharacter(text.scalar(at: range.upperBound).value)
        return !before && !after
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

    /// `\w`
    private func isWordCharacter(_ value: UInt32) -> Bool {
        guard let properties = Unicode.Scalar(value)?.properties else { return false }
        let hasClass = !CharacterClass.of(value).isDisjoint(with: [.letter, .mark])
        let category = properties.generalCategory
        return hasClass || properties.isAlphabetic || category == .decimalNumber || category == .connectorPunctuation
            || properties.isJoinControl
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
