/// The classes of a character that pre-tokenizers and normalization distinguish.
struct CharacterClass: OptionSet, Sendable {
    var rawValue: UInt8

    /// `\p{L}`
    static let letter = CharacterClass(rawValue: 1)
    /// `\p{M}`
    static let mark = CharacterClass(rawValue: 2)
    /// `\p{N}`
    static let number = CharacterClass(rawValue: 4)
    /// The digits of the library's `Digits`: `\p{N}` by the tables of a later Unicode version.
    static let digit = CharacterClass(rawValue: 8)
    /// `\s`
    static let whiteSpace = CharacterClass(rawValue: 16)
    /// `[\r\n]`, which are also white space.
    static let lineBreak = CharacterClass(rawValue: 32)
    /// Characters that may change or move in normalization form C.
    static let combining = CharacterClass(rawValue: 64)

    static func of(_ scalar: UInt32) -> CharacterClass {
        scalar < UInt32(table.count) ? CharacterClass(rawValue: table[Int(scalar)]) : ofHighScalar(scalar)
    }

    /// The classes of the 128 ASCII characters, allocated once: scanners look up every byte.
    nonisolated(unsafe) static let ascii: UnsafePointer<UInt8> = {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 128)
        for value in UInt8(0)..<128 { table[Int(value)] = computed(Unicode.Scalar(value)).rawValue }
        return UnsafePointer(table)
    }()

    /// The classes of scalars up to the last letters, computed when the first text beyond ASCII is read.
    private static let table: [UInt8] = (0..<0x32400).map { value in
        Unicode.Scalar(UInt32(value)).map { computed($0).rawValue } ?? 0
    }

    /// Beyond the table, only the variation selectors of plane 14 have a class.
    private static func ofHighScalar(_ value: UInt32) -> CharacterClass {
        (0xE0100...0xE01EF).contains(value) ? .mark : []
    }

    private static func computed(_ scalar: Unicode.Scalar) -> CharacterClass {
        let properties = scalar.properties
        var result: CharacterClass = properties.isWhitespace ? .whiteSpace : []
        if scalar == "\r" || scalar == "\n" { result.insert(.lineBreak) }
        let age = properties.age?.major ?? .max
        switch properties.generalCategory {
        // The tables of the library's regular expressions are those of Unicode 16.
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            if age <= 16 { result.insert(.letter) }
        case .nonspacingMark, .spacingMark, .enclosingMark:
            if age <= 16 { result.insert(.mark) }
        case .decimalNumber, .letterNumber, .otherNumber:
            result.insert(.digit)
            if age <= 16 { result.insert(.number) }
        default: break
        }
        if NormalizationFormC.mayChange(scalar) { result.insert(.combining) }
        return result
    }
}
