// Foundation's composition takes supplementary characters for others; the standard library's own is right.
@_spi(_Unicode) import Swift

/// Unicode normalization form C as the `tokenizers` library computes it.
///
/// It uses the tables of Unicode 9, so that characters of later versions neither change nor move.
enum NormalizationFormC {
    /// The text in form C; nil where it already is in this form. The text is valid UTF-8.
    ///
    /// Each stretch of text between two characters that compose with nothing before them is composed separately, and only where
    /// a quick check finds that it could change (Unicode Standard Annex 15).
    static func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8]?
        var copied = 0
        var stretch = 0
        var position = 0
        while position < text.count {
            // Every character below U+0300 is its own form C; the first byte of the others is 0xCC or more.
            if text[position] < 0xCC {
                if text[position] & 0xC0 != 0x80 { stretch = position }
                position += 1
                continue
            }
            let (scalar, end) = text.scalar(at: position)
            guard CharacterClass.of(scalar).contains(.combining) else {
                stretch = position
                position = end
                continue
            }
            position = endOfStretch(text, from: end)
            if let replacement = composition(of: UnsafeBufferPointer(rebasing: text[stretch..<position])) {
                result = (result ?? []) + text[copied..<stretch] + replacement
                copied = position
            }
        }
        guard let result else { return nil }
        return result + text[copied...]
    }

    /// The position of the first character that composes with nothing before it.
    private static func endOfStretch(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var position = start
        while position < text.count, text[position] >= 0xCC {
            let (scalar, end) = text.scalar(at: position)
            guard CharacterClass.of(scalar).contains(.combining) else { return position }
            position = end
        }
        return position
    }

    /// The stretch in form C; nil where it already is in this form.
    private static func composition(of stretch: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let scalars = Array(String(decoding: stretch, as: UTF8.self).unicodeScalars)
        // The first character of a stretch takes part only if the tables have it.
        let kept = scalars.first.map { $0.isAssigned(inUnicode: 9) ? 0 : 1 } ?? 0
        guard !isComposed(scalars[kept...]) else { return nil }
        var tail = String.UnicodeScalarView()
        // Each character is decomposed first: otherwise marks are sorted wrongly where a character decomposes into marks.
        for scalar in scalars[kept...] { tail.append(contentsOf: String(scalar)._nfd) }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars[..<kept])
        result.append(contentsOf: String(tail)._nfc)
        return Array(String(result).utf8)
    }

    private static func isComposed(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        var last: UInt8 = 0
        for scalar in scalars {
            let order = scalar.properties.canonicalCombiningClass.rawValue
            if isExcluded(scalar) || mayComposeWithPrevious(scalar) || (order != 0 && order < last) { return false }
            last = order
        }
        return true
    }

    static func mayChange(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return false }
        return mayComposeWithPrevious(scalar)
            || ((scalar.properties.canonicalCombiningClass != .notReordered || isExcluded(scalar))
                && scalar.isAssigned(inUnicode: 9))
    }

    private static func isExcluded(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isFullCompositionExclusion }

    /// Whether the character is the second of two that have a composition (`NFC_Quick_Check=Maybe`).
    private static func mayComposeWithPrevious(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0300...0x0304, 0x0306...0x030C, 0x030F, 0x0311, 0x0313...0x0314, 0x031B, 0x0323...0x0328, 0x032D...0x032E,
            0x0330...0x0331, 0x0338, 0x0342, 0x0345, 0x0653...0x0655, 0x093C, 0x09BE, 0x09D7, 0x0B3E, 0x0B56...0x0B57, 0x0BBE,
            0x0BD7, 0x0C56, 0x0CC2, 0x0CD5...0x0CD6, 0x0D3E, 0x0D57, 0x0DCA, 0x0DCF, 0x0DDF, 0x102E, 0x1161...0x1175,
            0x11A8...0x11C2, 0x1B35, 0x3099...0x309A, 0x110BA, 0x11127, 0x1133E, 0x11357, 0x114B0, 0x114BA, 0x114BD, 0x115AF:
            true
        default: false
        }
    }
}

extension Unicode.Scalar {
    /// Whether a version of Unicode has this character.
    func isAssigned(inUnicode version: Int) -> Bool { properties.age.map { $0.major <= version } ?? false }
}

extension UnsafeBufferPointer<UInt8> {
    /// The character that starts at a byte of valid UTF-8, and where the next one starts.
    @inline(__always) func scalar(at position: Int) -> (value: UInt32, end: Int) {
        func continuation(_ offset: Int) -> UInt32 { UInt32(self[position + offset] & 0x3F) }
        let first = UInt32(self[position])
        if first < 0x80 { return (first, position + 1) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | continuation(1), position + 2) }
        if first < 0xF0 { return ((first & 0x0F) << 12 | continuation(1) << 6 | continuation(2), position + 3) }
        return (
            (first & 0x07) << 18 | continuation(1) << 12 | continuation(2) << 6 | continuation(3), position + 4
        )
    }
}
