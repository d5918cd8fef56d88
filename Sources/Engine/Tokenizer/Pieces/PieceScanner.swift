/// Finds where the pieces of a text end, for the pre-tokenizers.
struct PieceScanner {
    /// Valid UTF-8.
    let text: UnsafeBufferPointer<UInt8>
    private let ascii = CharacterClass.ascii

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    var end: Int { text.count }

    /// The class of the character at a position before the end, and where the next character starts.
    @inline(__always) func character(at position: Int) -> (class: CharacterClass, end: Int) {
        let byte = text[position]
        if byte < 0x80 { return (CharacterClass(rawValue: ascii[Int(byte)]), position + 1) }
        let (scalar, end) = text.scalar(at: position)
        return (CharacterClass.of(scalar), end)
    }

    /// The class of the character at a position; empty at the end.
    @inline(__always) func characterClass(at position: Int) -> CharacterClass {
        position < end ? character(at: position).class : []
    }

    /// Where a run of characters of any of the classes ends.
    @inline(__always) func endOfRun(of classes: CharacterClass, from start: Int) -> Int {
        var position = start
        while position < end {
            let (found, next) = character(at: position)
            if found.isDisjoint(with: classes) { break }
            position = next
        }
        return position
    }

    /// Where a run of characters of none of the classes ends.
    @inline(__always) func endOfRun(without classes: CharacterClass, from start: Int) -> Int {
        var position = start
        while position < end {
            let (found, next) = character(at: position)
            if !found.isDisjoint(with: classes) { break }
            position = next
        }
        return position
    }

    /// Where a run of white space ends, and where its last character starts.
    @inline(__always) func whiteSpace(from start: Int) -> (last: Int, end: Int) {
        var (last, position) = (start, start)
        while position < end {
            let (found, next) = character(at: position)
            if !found.contains(.whiteSpace) { break }
            (last, position) = (position, next)
        }
        return (last, position)
    }

    /// Where `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` ends; nil where the apostrophe starts none of them.
    func endOfContraction(from start: Int, ignoresCase: Bool) -> Int? {
        func letter(_ offset: Int) -> UInt8 {
            guard start + offset < end else { return 0 }
            let byte = text[start + offset]
            return ignoresCase && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
        }
        switch (letter(1), letter(2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        // The long s is another case of s.
        case (0xC5, 0xBF): return ignoresCase ? start + 3 : nil
        default: return nil
        }
    }
}

extension PieceScanner {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    ///
    /// - Parameter numbers: `number` for the expression itself; `digit` where single digits were separated first, so that the
    ///   text before a digit ends there.
    @inline(__always) func endOfGPT2Piece(from start: Int, numbers: CharacterClass) -> Int {
        if text[start] == UInt8(ascii: "'"), let end = endOfContraction(from: start, ignoresCase: false) { return end }
        let cutsDigits = numbers == .digit
        var (first, next) = character(at: start)
        if text[start] == UInt8(ascii: " "), next < end {
            let (second, after) = character(at: next)
            let belongs = second.isDisjoint(with: cutsDigits ? [.whiteSpace, .digit] : .whiteSpace)
            if belongs { (first, next) = (second, after) }
        }
        if first.contains(.letter) { return endOfRun(of: .letter, from: next) }
        if !first.isDisjoint(with: numbers) { return cutsDigits ? next : endOfRun(of: numbers, from: next) }
        if !first.contains(.whiteSpace) { return endOfRun(without: [.whiteSpace, .letter, numbers], from: next) }
        let (last, end) = whiteSpace(from: start)
        let reachesEnd = end == self.end || (cutsDigits && characterClass(at: end).contains(.digit))
        // The last of several spaces belongs to the next word.
        return reachesEnd || last == start ? end : last
    }
}

extension PieceScanner {
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    @inline(__always) func endOfCasedPiece(from start: Int, digits: Int) -> Int {
        if text[start] == UInt8(ascii: "'"), let end = endOfContraction(from: start, ignoresCase: true) { return end }
        let (first, next) = character(at: start)
        if first.contains(.letter) { return endOfRun(of: .letter, from: next) }
        if first.contains(.number) { return endOfNumber(from: next, digits: digits - 1) }
        let second = characterClass(at: next)
        if !first.contains(.lineBreak), second.contains(.letter) { return endOfRun(of: .letter, from: next) }
        if !first.contains(.whiteSpace) { return endOfSymbols(from: next) }
        if text[start] == UInt8(ascii: " "), next < end, second.isDisjoint(with: [.whiteSpace, .letter, .number]) {
            return endOfSymbols(from: next)
        }
        return endOfSpace(from: start)
    }

    private func endOfNumber(from start: Int, digits: Int) -> Int {
        var position = start
        for _ in 0..<digits where position < end {
            let (found, next) = character(at: position)
            if !found.contains(.number) { break }
            position = next
        }
        return position
    }

    /// Where symbols and the line breaks after them end.
    private func endOfSymbols(from start: Int) -> Int {
        endOfRun(of: .lineBreak, from: endOfRun(without: [.whiteSpace, .letter, .number], from: start))
    }

    /// White space up to its last line break; without one, all of it except the character before a word.
    private func endOfSpace(from start: Int) -> Int {
        let (last, end) = whiteSpace(from: start)
        if let lineBreak = text[start..<end].lastIndex(where: { $0 == 0x0A || $0 == 0x0D }) { return lineBreak + 1 }
        return end == self.end || last == start ? end : last
    }
}
