/// A set of characters, as a class of a regular expression names it: `\p{L}`, `[^\r\n]`, `[a-z&&[^x]]`.
struct ScalarSet: Hashable, Sendable {
    indirect enum Rule: Hashable, Sendable {
        /// Bits of `ScalarCategory`.
        case categories(UInt64)
        case range(UInt32, UInt32)
        /// `\w`
        case word
        case union([Rule])
        case intersection([Rule])
        case inverse(Rule)
    }

    let rule: Rule
    /// What can be said without the rule.
    let summary: Summary

    /// The set as bits, to look at without following references.
    struct Summary: Hashable, Sendable {
        /// The first 128 characters, a bit for each.
        fileprivate var low: UInt64
        fileprivate var high: UInt64
        /// The characters beyond, by their category.
        fileprivate var categories: UInt64
        /// Whether categories say all of the characters beyond.
        fileprivate var isWhole: Bool

        @inline(__always) func containsASCII(_ byte: UInt8) -> Bool {
            (byte < 64 ? low >> UInt64(byte) : high >> UInt64(byte & 63)) & 1 != 0
        }

        /// Whether a character beyond ASCII is in the set; nil where only the rule says it.
        @inline(__always) func contains(_ scalar: UInt32) -> Bool? {
            isWhole ? categories >> UInt64(ScalarCategory.of(scalar)) & 1 != 0 : nil
        }
    }

    init(_ rule: Rule) {
        self.rule = rule
        func bits(_ range: Range<UInt32>) -> UInt64 {
            range.reduce(0) { rule.contains($1) ? $0 | 1 << UInt64($1 & 63) : $0 }
        }
        let categories = rule.categoriesBeyondASCII
        summary = Summary(low: bits(0..<64), high: bits(64..<128), categories: categories ?? 0, isWhole: categories != nil)
    }

    /// The bytes that its characters may start with.
    var firstBytes: Set<UInt8> {
        let reachesBeyond = !summary.isWhole || summary.categories != 0
        return Set((UInt8(0)..<0x80).filter(summary.containsASCII)).union(reachesBeyond ? Array(0x80...0xFF) : [])
    }
}

extension ScalarSet.Rule {
    static let none = Self.union([])
    static let any = Self.inverse(none)

    static func scalar(_ value: UInt32) -> Self { .range(value, value) }

    func contains(_ scalar: UInt32) -> Bool {
        switch self {
        case .categories(let bits): bits >> UInt64(ScalarCategory.of(scalar)) & 1 != 0
        case .range(let first, let last): first <= scalar && scalar <= last
        case .word: Unicode.Scalar(scalar)?.isInWord ?? false
        case .union(let rules): rules.contains { $0.contains(scalar) }
        case .intersection(let rules): rules.allSatisfy { $0.contains(scalar) }
        case .inverse(let rule): !rule.contains(scalar)
        }
    }

    /// What it holds beyond ASCII as categories; nil where categories do not say it.
    fileprivate var categoriesBeyondASCII: UInt64? {
        switch self {
        case .categories(let bits): return bits
        case .range(_, let last): return last < 0x80 ? 0 : nil
        case .word: return nil
        case .inverse(let rule): return rule.categoriesBeyondASCII.map { ~$0 }
        case .union(let rules):
            let all = rules.compactMap(\.categoriesBeyondASCII)
            return all.count == rules.count ? all.reduce(0, |) : nil
        case .intersection(let rules):
            let all = rules.compactMap(\.categoriesBeyondASCII)
            return all.count == rules.count ? all.reduce(~0, &) : nil
        }
    }
}

/// The general categories of Unicode 16, as numbers. The white space among the controls has a number of its own.
enum ScalarCategory {
    /// The numbers of the categories whose names begin so: `L`, `Lu`, `N`, …; nil where there is no such name.
    static func bits(named name: String) -> UInt64? {
        let bits = names.indices.reduce(UInt64(0)) { names[$1].hasPrefix(name) ? $0 | 1 << UInt64($1) : $0 }
        return name.isEmpty || name.count > 2 || bits == 0 ? nil : bits
    }

    /// `\s`
    static let whiteSpace = (bits(named: "Z") ?? 0) | 1 << UInt64(whiteControl)

    private static let names = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc",
        "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs", "Cn", "Cc",
    ]
    private static let whiteControl = 30
    private static let unassigned: UInt8 = 29

    @inline(__always) static func of(_ scalar: UInt32) -> UInt8 {
        scalar < tableSize ? table[Int(scalar)] : Unicode.Scalar(scalar).map(computed) ?? unassigned
    }

    private static let tableSize: UInt32 = 0x32400

    /// The categories up to the last letters, computed when the first expression needs them.
    nonisolated(unsafe) private static let table: UnsafePointer<UInt8> = {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: Int(tableSize))
        for value in 0..<tableSize { table[Int(value)] = Unicode.Scalar(value).map(computed) ?? unassigned }
        return UnsafePointer(table)
    }()

    private static func computed(_ scalar: Unicode.Scalar) -> UInt8 {
        let properties = scalar.properties
        // Characters without an age are private or unassigned in every version.
        guard (properties.age?.major ?? 0) <= 16 else { return unassigned }
        // A small letter in Unicode 16, and not since.
        if scalar.value == 0x295 { return 1 }
        switch properties.generalCategory {
        case .uppercaseLetter: return 0
        case .lowercaseLetter: return 1
        case .titlecaseLetter: return 2
        case .modifierLetter: return 3
        case .otherLetter: return 4
        case .nonspacingMark: return 5
        case .spacingMark: return 6
        case .enclosingMark: return 7
        case .decimalNumber: return 8
        case .letterNumber: return 9
        case .otherNumber: return 10
        case .connectorPunctuation: return 11
        case .dashPunctuation: return 12
        case .openPunctuation: return 13
        case .closePunctuation: return 14
        case .initialPunctuation: return 15
        case .finalPunctuation: return 16
        case .otherPunctuation: return 17
        case .mathSymbol: return 18
        case .currencySymbol: return 19
        case .modifierSymbol: return 20
        case .otherSymbol: return 21
        case .spaceSeparator: return 22
        case .lineSeparator: return 23
        case .paragraphSeparator: return 24
        case .control: return properties.isWhitespace ? UInt8(whiteControl) : 25
        case .format: return 26
        case .privateUse: return 27
        case .surrogate: return 28
        default: return unassigned
        }
    }
}

extension Unicode.Scalar {
    /// `\w` of Oniguruma, which also counts the raised digits and the fractions of Latin-1.
    fileprivate var isInWord: Bool {
        if [0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE].contains(value) { return true }
        guard (properties.age?.major ?? 0) <= 16 else { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return properties.isAlphabetic
        }
    }

    /// `\w` of the expressions that find whole words
    var isWordCharacter: Bool {
        let hasClass = !CharacterClass.of(value).isDisjoint(with: [.letter, .mark])
        let category = properties.generalCategory
        return hasClass || properties.isAlphabetic || category == .decimalNumber || category == .connectorPunctuation
            || properties.isJoinControl
    }
}
