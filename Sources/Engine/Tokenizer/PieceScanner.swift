/// Walks over a text's bytes character by character, for the pre-tokenizers.
struct PieceScanner {
    /// Valid UTF-8.
    let text: UnsafeBufferPointer<UInt8>
    private let ascii = CharacterClass.ascii

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    var end: Int { text.count }

    /// The class of the character at a position that is not the end, and where the next one starts.
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

    /// Where `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` ends, or nil where the apostrophe starts none of them.
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
        // The long s, which is an s in another case.
        case (0xC5, 0xBF): return ignoresCase ? start + 3 : nil
        default: return nil
        }
    }
}
