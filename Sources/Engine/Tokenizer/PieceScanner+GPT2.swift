extension PieceScanner {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    ///
    /// - Parameter numbers: `number` for the expression itself. `digit` where digits have been cut out one by one before it,
    ///   so that what stands before a digit stands at the end of its text.
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
        // The last of several stays for the word that follows.
        return reachesEnd || last == start ? end : last
    }
}
