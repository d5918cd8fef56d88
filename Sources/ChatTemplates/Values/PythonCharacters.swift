/// What Python says about characters.
extension Unicode.Scalar {
    /// White space that Python strips: Unicode's and the four separators of ASCII.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }

    /// Whether `repr` writes it as it is.
    var isPrintable: Bool {
        if isASCII { return (0x20..<0x7F).contains(value) }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
            return false
        default: return true
        }
    }

    var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// Whether lines end at it (`splitlines`).
    var endsLine: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }
}

extension String {
    /// `str.lower`: a sigma that ends a word has a form of its own.
    var pythonLowercased: String {
        guard unicodeScalars.contains("\u{3A3}") else { return mappedScalars(\.lowercaseMapping) }
        let scalars = Array(unicodeScalars)
        return scalars.indices.reduce(into: "") { $0 += Self.lowercase(of: scalars, at: $1) }
    }

    private static func lowercase(of scalars: [Unicode.Scalar], at index: Int) -> String {
        guard scalars[index] == "\u{3A3}" else { return scalars[index].properties.lowercaseMapping }
        let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && after?.properties.isCased != true ? "\u{3C2}" : "\u{3C3}"
    }

    var pythonUppercased: String { mappedScalars(\.uppercaseMapping) }

    /// `str.capitalize`
    var pythonCapitalized: String {
        guard let first = unicodeScalars.first else { return self }
        return first.properties.titlecaseMapping + String(unicodeScalars.dropFirst()).pythonLowercased
    }

    /// `str.title`: every letter behind something that is no letter is large.
    var pythonTitled: String {
        let scalars = Array(unicodeScalars)
        var result = ""
        var followsLetter = false
        for (index, scalar) in scalars.enumerated() {
            result += followsLetter ? Self.lowercase(of: scalars, at: index) : scalar.properties.titlecaseMapping
            followsLetter = scalar.properties.isCased
        }
        return result
    }

    /// `str.swapcase`
    var pythonSwapped: String {
        unicodeScalars.reduce(into: "") { result, scalar in
            let properties = scalar.properties
            result +=
                properties.isUppercase
                ? properties.lowercaseMapping : properties.isLowercase ? properties.uppercaseMapping : String(scalar)
        }
    }

    private func mappedScalars(_ mapping: (Unicode.Scalar.Properties) -> String) -> String {
        if utf8.allSatisfy({ $0 < 0x80 }) {
            return mapping(Unicode.Scalar("a").properties) == "A" ? uppercased() : lowercased()
        }
        return unicodeScalars.reduce(into: "") { $0 += mapping($1.properties) }
    }

    /// `str.splitlines`; `\r\n` ends one line.
    func pythonLines(keepingEnds: Bool = false) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var scalars = Array(unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            guard scalar.endsLine else {
                line.append(scalar)
                continue
            }
            if keepingEnds { line.append(scalar) }
            if scalar == "\r", scalars.first == "\n" {
                scalars.removeFirst()
                if keepingEnds { line.append("\n") }
            }
            lines.append(String(line))
            line.removeAll()
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }
}
