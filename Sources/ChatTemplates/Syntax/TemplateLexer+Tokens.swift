/// Names, strings, numbers and symbols within a tag.
extension TemplateLexer {
    mutating func readToken(_ byte: UInt8) throws(TemplateError) {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): try readString(quote: byte)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): try readNumber()
        case _ where Self.isNamePart(byte): append(.name(take(while: Self.isNamePart)))
        default:
            let pair = String(decoding: source[position..<min(position + 2, source.count)], as: UTF8.self)
            let symbols = ["==", "!=", "<=", ">=", "//", "**"]
            let symbol = symbols.contains(pair) ? pair : String(UnicodeScalar(byte))
            guard symbols.contains(symbol) || "+-*/%~<>=()[]{}.,:|".contains(symbol) else {
                throw failure("'\(symbol)' has no meaning here")
            }
            position += symbol.utf8.count
            append(.symbol(symbol))
        }
    }

    private mutating func readString(quote: UInt8) throws(TemplateError) {
        let start = line
        position += 1
        var text: [UInt8] = []
        while let byte = peek {
            advance()
            if byte == quote {
                tokens.append(TemplateToken(kind: .string(String(decoding: text, as: UTF8.self)), line: start))
                return
            }
            guard byte == UInt8(ascii: "\\"), let escaped = peek else {
                text.append(byte)
                continue
            }
            advance()
            switch escaped {
            case UInt8(ascii: "n"): text.append(Self.newline)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "a"): text.append(0x07)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "v"): text.append(0x0B)
            case UInt8(ascii: "u"): text += try readCodePoint(digits: 4)
            case UInt8(ascii: "U"): text += try readCodePoint(digits: 8)
            case UInt8(ascii: "x"): text += try readCodePoint(digits: 2)
            case UInt8(ascii: "N"): throw failure("a character by its name in a string is not supported")
            case UInt8(ascii: "0")...UInt8(ascii: "7"): text += readOctal(first: escaped)
            // The line goes on.
            case Self.newline: break
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(escaped)
            default: text += [byte, escaped]
            }
        }
        throw failure("the string has no end")
    }

    private mutating func readCodePoint(digits: Int) throws(TemplateError) -> [UInt8] {
        let text = String(decoding: source[position...].prefix(digits), as: UTF8.self)
        guard text.utf8.count == digits, let value = UInt32(text, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw failure("expected \(digits) hexadecimal digits of a character")
        }
        position += digits
        return Array(String(scalar).utf8)
    }

    private mutating func readOctal(first: UInt8) -> [UInt8] {
        var value = UInt32(first - UInt8(ascii: "0"))
        for _ in 0..<2 {
            guard let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) else { break }
            value = value * 8 + UInt32(byte - UInt8(ascii: "0"))
            position += 1
        }
        return Unicode.Scalar(value).map { Array(String($0).utf8) } ?? []
    }

    /// An integer of any base, or a real number; `_` may stand between digits.
    private mutating func readNumber() throws(TemplateError) {
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        let start = position
        if peek == UInt8(ascii: "0"), position + 1 < source.count,
            let base = [UInt8(ascii: "x"): 16, UInt8(ascii: "o"): 8, UInt8(ascii: "b"): 2][source[position + 1] | 0x20]
        {
            position += 2
            let digits = take(while: Self.isNamePart).replacing("_", with: "")
            guard let value = Int(digits, radix: base) else { throw failure("\(digits) is no number of base \(base)") }
            return append(.integer(value))
        }
        func takeDigits(_ lexer: inout TemplateLexer) -> String {
            lexer.take { isDigit($0) || $0 == UInt8(ascii: "_") }.replacing("_", with: "")
        }
        var text = takeDigits(&self)
        var isReal = false
        if peek == UInt8(ascii: "."), position + 1 < source.count, isDigit(source[position + 1]), !followsDot(start) {
            position += 1
            isReal = true
            text += "." + takeDigits(&self)
        }
        if let byte = peek, byte | 0x20 == UInt8(ascii: "e") {
            let sign = position + 1 < source.count && "+-".utf8.contains(source[position + 1]) ? 1 : 0
            if position + 1 + sign < source.count, isDigit(source[position + 1 + sign]) {
                text += "e" + (sign == 1 ? String(UnicodeScalar(source[position + 1])) : "")
                position += 1 + sign
                isReal = true
                text += takeDigits(&self)
            }
        }
        if isReal {
            guard let value = Double(text) else { throw failure("\(text) is no number") }
            return append(.real(value))
        }
        guard let value = Int(text) else { throw failure("the number \(text) is too large") }
        append(.integer(value))
    }

    /// Whether a number is an index behind a dot: `x.0.1`
    private func followsDot(_ start: Int) -> Bool { start > 0 && source[start - 1] == UInt8(ascii: ".") }
}
