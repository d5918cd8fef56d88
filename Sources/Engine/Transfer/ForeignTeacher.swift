/// What a teacher says of a response in the tokens of a vocabulary of its own.
package struct ForeignTeacher: Hashable, Sendable {
    /// The response in the teacher's tokens.
    package var tokens: [Int32]
    /// At each of these tokens.
    package var logits: TeacherLogits
    /// Rising, without overlaps.
    package var spans: [AlignedSpan]

    package init(tokens: [Int32], logits: TeacherLogits, spans: [AlignedSpan]) {
        (self.tokens, self.logits, self.spans) = (tokens, logits, spans)
    }
}

/// Tokens of a student's response and of a teacher's that are compared.
package struct AlignedSpan: Hashable, Sendable {
    /// Places in the responses; not empty.
    package var student, teacher: Range<Int>

    package init(student: Range<Int>, teacher: Range<Int>) { (self.student, self.teacher) = (student, teacher) }

    /// The i-th token of one with the i-th token of the other, as far as both go (ULD).
    package static func byPlace(student: Int, teacher: Int) -> [AlignedSpan] {
        (0..<min(student, teacher)).map { AlignedSpan(student: $0..<$0 + 1, teacher: $0..<$0 + 1) }
    }

    /// The fewest tokens that stand for the same piece of text on both sides (GOLD), as far as the texts agree.
    package static func byText(_ student: SpelledResponse, _ teacher: SpelledResponse) -> [AlignedSpan] {
        let (student, teacher) = SpelledResponse.agreeing(student, teacher)
        var spans: [AlignedSpan] = []
        var (start, place) = ((student: 0, teacher: 0), (student: 0, teacher: 0))
        while place.student < student.count, place.teacher < teacher.count {
            let (left, right) = (student[place.student], teacher[place.teacher])
            if left <= right { place.student += 1 }
            if right <= left { place.teacher += 1 }
            guard left == right else { continue }
            spans.append(
                AlignedSpan(student: start.student..<place.student, teacher: start.teacher..<place.teacher))
            start = place
        }
        return spans
    }
}

/// A response's text, and where in it each token ends.
package struct SpelledResponse: Sendable {
    let text: [UInt8]
    /// Bytes of the text up to each token's end; the token that ends the answer has none of its own.
    let ends: [Int]
    private let hasEnd: Bool

    /// - Parameter hasEnd: whether the last token ends the answer.
    package init(_ response: ArraySlice<Int32>, hasEnd: Bool, with tokenizer: Tokenizer) {
        var text: [UInt8] = []
        var ends: [Int] = []
        for token in hasEnd ? response.dropLast() : response {
            text += tokenizer.bytes(of: CollectionOfOne(Int(token)))
            ends.append(text.count)
        }
        self.init(text: text, ends: hasEnd ? ends + [text.count] : ends, hasEnd: hasEnd)
    }

    init(text: [UInt8], ends: [Int], hasEnd: Bool) { (self.text, self.ends, self.hasEnd) = (text, ends, hasEnd) }

    /// Without the space that some tokenizers put before a text.
    private var withoutFirstSpace: SpelledResponse {
        SpelledResponse(text: Array(text.dropFirst()), ends: ends.map { max(0, $0 - 1) }, hasEnd: hasEnd)
    }

    /// The ends of the tokens on each side, up to where the texts or their ends differ.
    static func agreeing(_ one: SpelledResponse, _ other: SpelledResponse) -> ([Int], [Int]) {
        let space = UInt8(ascii: " ")
        if one.text.first == space, other.text.first != space { return agreeing(one.withoutFirstSpace, other) }
        if other.text.first == space, one.text.first != space { return agreeing(one, other.withoutFirstSpace) }
        if one.text == other.text {
            let areEnded = one.hasEnd && other.hasEnd
            return (one.ends(withEnd: areEnded), other.ends(withEnd: areEnded))
        }
        let agreed = zip(one.text, other.text).prefix { $0 == $1 }.count
        return (one.ends(withEnd: false).filter { $0 <= agreed }, other.ends(withEnd: false).filter { $0 <= agreed })
    }

    private func ends(withEnd isWanted: Bool) -> [Int] { hasEnd && !isWanted ? ends.dropLast() : ends }

    /// Whether the texts agree to their ends.
    package func agrees(with other: SpelledResponse) -> Bool {
        let (own, others) = Self.agreeing(self, other)
        return own.count == ends.count && others.count == other.ends.count
    }
}
