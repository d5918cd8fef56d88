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

    /// Symbols, and the line breaks after them.
    private func endOfSymbols(from start: Int) -> Int {
        endOfRun(of: .lineBreak, from: endOfRun(without: [.whiteSpace, .letter, .number], from: start))
    }

    /// White space up to its last line break; where it has none, all of it but for the character before a word.
    private func endOfSpace(from start: Int) -> Int {
        let (last, end) = whiteSpace(from: start)
        if let lineBreak = text[start..<end].lastIndex(where: { $0 == 0x0A || $0 == 0x0D }) { return lineBreak + 1 }
        return end == self.end || last == start ? end : last
    }
}
