/// Reads a regular expression, character by character; what is not supported is a fault that names it.
struct ExpressionParser {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var ignoresCase = false
    private var depth = 0

    init(_ source: String) { self.source = Array(source.unicodeScalars) }

    var isAtEnd: Bool { position == source.count }

    private var next: Unicode.Scalar? { position < source.count ? source[position] : nil }

    func fault(_ reason: String) -> TokenizerFault {
        TokenizerFault("the expression '\(String(String.UnicodeScalarView(source)))' has \(reason), which is not supported")
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard source[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    mutating func choice() throws(TokenizerFault) -> ExpressionTree {
        depth += 1
        defer { depth -= 1 }
        guard depth < 32 else { throw fault("groups deeper in one another than 32") }
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(TokenizerFault) -> ExpressionTree {
        var parts: [ExpressionTree] = []
        while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repetition(of: try atom())) }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repetition(of atom: ExpressionTree) throws(TokenizerFault) -> ExpressionTree {
        var tree = atom
        while true {
            let least: Int
            let most: Int?
            let isInterval = next == "{"
            if take("?") {
                (least, most) = (0, 1)
            } else if take("*") {
                (least, most) = (0, nil)
            } else if take("+") {
                (least, most) = (1, nil)
            } else if isInterval {
                (least, most) = try interval()
            } else {
                return tree
            }
            let greed: ExpressionTree.Greed = take("?") ? .lazy : !isInterval && take("+") ? .possessive : .greedy
            guard most.map({ $0 <= 1000 }) ?? true, least <= 1000 else { throw fault("a repetition of more than 1000") }
            // Anything else could take a time that grows with a power of two.
            if case .set = tree {
            } else if greed != .greedy || (most == nil && (!tree.hasOneWay || tree.isNullable)) {
                throw fault("a repeated group of this kind")
            }
            tree = .repeated(tree, atLeast: least, atMost: most, greed)
        }
    }

    private mutating func interval() throws(TokenizerFault) -> (Int, Int?) {
        position += 1
        func number(_ parser: inout ExpressionParser) -> Int? {
            var digits = ""
            while let scalar = parser.next, ("0"..."9").contains(scalar), digits.count < 6 {
                digits.unicodeScalars.append(scalar)
                parser.position += 1
            }
            return Int(digits)
        }
        let least = number(&self)
        let hasMore = take(",")
        let most = hasMore ? number(&self) : least
        guard take("}"), least != nil || most != nil, most.map({ $0 >= least ?? 0 }) ?? true else {
            throw fault("a '{' that is no repetition")
        }
        return (least ?? 0, most)
    }

    private mutating func atom() throws(TokenizerFault) -> ExpressionTree {
        guard let scalar = next else { throw fault("an end within a group") }
        if scalar == "(" { return try group() }
        position += 1
        switch scalar {
        case "[": return .set(ScalarSet(folded(try members())))
        case "\\": return .set(ScalarSet(folded(try escape())))
        // Any character but the end of a line.
        case ".": return .set(ScalarSet(.inverse(.scalar(10))))
        case "^": return .lineStart
        case "$": return .lineEnd
        case "*", "+", "?": throw fault("a '\(scalar)' with nothing before it")
        default:
            if ignoresCase { try checkFolding(from: position - 1) }
            return .set(ScalarSet(folded(.scalar(scalar.value))))
        }
    }

    private mutating func group() throws(TokenizerFault) -> ExpressionTree {
        let outer = ignoresCase
        defer { ignoresCase = outer }
        var look: (ahead: Bool, negated: Bool)?
        if take("(?i:") {
            ignoresCase = true
        } else if take("(?i)") {
            // It holds up to the end of the group around it.
            ignoresCase = true
            return try choice()
        } else if take("(?!") {
            look = (true, true)
        } else if take("(?=") {
            look = (true, false)
        } else if take("(?<!") {
            look = (false, true)
        } else if take("(?<=") {
            look = (false, false)
        } else if !take("(?:") {
            position += 1
            if next == "?" { throw fault("a group '(?\(position + 1 < source.count ? String(source[position + 1]) : "")'") }
        }
        let inner = try choice()
        guard take(")") else { throw fault("a '(' without its ')'") }
        guard let look else { return inner }
        if look.ahead { return .lookAhead(inner, negated: look.negated) }
        guard case .set(let set) = inner else { throw fault("a look behind at more than one character") }
        return .lookBehind(set, negated: look.negated)
    }

    /// The members of a class up to its `]`.
    private mutating func members() throws(TokenizerFault) -> ScalarSet.Rule {
        depth += 1
        defer { depth -= 1 }
        guard depth < 32 else { throw fault("classes deeper in one another than 32") }
        let isInverse = take("^")
        var operands: [[ScalarSet.Rule]] = [[]]
        var isFirst = true
        while !(next == "]" && !isFirst) {
            guard let scalar = next else { throw fault("a '[' without its ']'") }
            isFirst = false
            if take("&&") {
                operands.append([])
                continue
            }
            if take("[") {
                if next == ":" { throw fault("a class in '[:'") }
                operands[operands.count - 1].append(try members())
                continue
            }
            position += 1
            let member = scalar == "\\" ? try escape() : .scalar(scalar.value)
            operands[operands.count - 1].append(try range(from: member))
        }
        position += 1
        let rule: ScalarSet.Rule =
            operands.count == 1 ? .union(operands[0]) : .intersection(operands.map { .union($0) })
        return isInverse ? .inverse(rule) : rule
    }

    private mutating func range(from first: ScalarSet.Rule) throws(TokenizerFault) -> ScalarSet.Rule {
        guard case .range(let low, let same) = first, low == same, next == "-", position + 1 < source.count,
            source[position + 1] != "]", source[position + 1] != "["
        else { return first }
        position += 1
        let scalar = source[position]
        position += 1
        guard case .range(let high, let alike) = scalar == "\\" ? try escape() : .scalar(scalar.value), high == alike,
            high >= low
        else { throw fault("a range that does not rise") }
        return .range(low, high)
    }

    private mutating func escape() throws(TokenizerFault) -> ScalarSet.Rule {
        guard let scalar = next else { throw fault("a '\\' at its end") }
        position += 1
        switch scalar {
        case "s": return .categories(ScalarCategory.whiteSpace)
        case "S": return .inverse(.categories(ScalarCategory.whiteSpace))
        case "d": return .categories(ScalarCategory.bits(named: "Nd") ?? 0)
        case "D": return .inverse(.categories(ScalarCategory.bits(named: "Nd") ?? 0))
        case "w": return .word
        case "W": return .inverse(.word)
        case "r": return .scalar(13)
        case "n": return .scalar(10)
        case "t": return .scalar(9)
        case "f": return .scalar(12)
        case "v": return .scalar(11)
        case "p", "P": return try property(isInverse: scalar == "P")
        case "x": return try hexadecimal(digits: 2)
        case "u": return try hexadecimal(digits: 4)
        default:
            guard scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else {
                throw fault("'\\\(scalar)'")
            }
            return .scalar(scalar.value)
        }
    }

    private mutating func property(isInverse: Bool) throws(TokenizerFault) -> ScalarSet.Rule {
        guard take("{"), let end = source[position...].firstIndex(of: "}") else { throw fault("a '\\p' without a name") }
        var name = String(String.UnicodeScalarView(source[position..<end]))
        position = end + 1
        let isNegated = name.hasPrefix("^")
        if isNegated { name.removeFirst() }
        let rule: ScalarSet.Rule
        if let bits = ScalarCategory.bits(named: name) {
            rule = .categories(bits)
        } else if name == "Han" {
            rule = Self.han
        } else {
            throw fault("the property '\(name)'")
        }
        return isNegated != isInverse ? .inverse(rule) : rule
    }

    /// The script Han of Unicode 16.
    private static let han = ScalarSet.Rule.union(
        [
            (0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029),
            (0x3038, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D), (0xFA70, 0xFAD9), (0x16FE2, 0x16FE3),
            (0x16FF0, 0x16FF1), (0x20000, 0x2A6DF), (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1),
            (0x2CEB0, 0x2EBE0), (0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D), (0x30000, 0x3134A), (0x31350, 0x323AF),
        ].map { .range($0.0, $0.1) })

    private mutating func hexadecimal(digits: Int) throws(TokenizerFault) -> ScalarSet.Rule {
        let end = min(position + digits, source.count)
        guard let value = UInt32(String(String.UnicodeScalarView(source[position..<end])), radix: 16), end == position + digits
        else { throw fault("an escape without \(digits) hexadecimal digits") }
        position = end
        return .scalar(value)
    }

    // MARK: Case

    /// A rule with the other cases of its ASCII letters, where case is ignored.
    private func folded(_ rule: ScalarSet.Rule) -> ScalarSet.Rule {
        guard ignoresCase else { return rule }
        var others: [ScalarSet.Rule] = []
        for letter in UInt32(0x61)...0x7A where rule.contains(letter) || rule.contains(letter - 32) {
            others += [.scalar(letter), .scalar(letter - 32)]
            // The long s and the Kelvin sign.
            if letter == 0x73 { others.append(.scalar(0x17F)) }
            if letter == 0x6B { others.append(.scalar(0x212A)) }
        }
        return others.isEmpty ? rule : .union([rule] + others)
    }

    /// Two letters that one character folds to, such as the ss of ß, would match that character too.
    private func checkFolding(from place: Int) throws(TokenizerFault) {
        guard source[place].isASCII else { throw fault("a character beyond ASCII where case is ignored") }
        let pair = String(String.UnicodeScalarView(source[place...].prefix(2))).lowercased()
        if ["ss", "st", "ff", "fi", "fl"].contains(pair) { throw fault("'\(pair)' where case is ignored") }
    }
}
