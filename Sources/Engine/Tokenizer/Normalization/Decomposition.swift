// Foundation's decomposition takes supplementary characters for others; the standard library's own is right.
@_spi(_Unicode) import Swift

import Foundation

/// Characters taken apart as the `tokenizers` library does it: by the tables of Unicode 9, so that later ones stay whole.
enum Decomposition {
    /// Normalization form D.
    static func canonical(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        if scalars.allSatisfy({ $0.value < 0xC0 }) { return scalars }
        var result: [Unicode.Scalar] = []
        for scalar in scalars {
            if scalar.value < 0xC0 || !scalar.isAssigned(inUnicode: 9) {
                result.append(scalar)
            } else {
                result.append(contentsOf: String(scalar)._nfd)
            }
        }
        return ordered(result)
    }

    /// Normalization form KD.
    static func compatible(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        if scalars.allSatisfy({ $0.value < 0xA0 }) { return scalars }
        var result: [Unicode.Scalar] = []
        for scalar in scalars {
            if scalar.value < 0xA0 || !scalar.isAssigned(inUnicode: 9) {
                result.append(scalar)
            } else {
                result.append(contentsOf: String(scalar).decomposedStringWithCompatibilityMapping.unicodeScalars)
            }
        }
        return ordered(result)
    }

    /// Whether a character is a mark in Unicode 9.
    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x300, 0x111C9: false
        // Letters since.
        case 0x1CF2, 0x1CF3: true
        default: CharacterClass.of(scalar.value).contains(.mark) && scalar.isAssigned(inUnicode: 9)
        }
    }

    /// Sorts adjacent marks by their class; marks of one class keep their order.
    private static func ordered(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result = scalars
        var start = 0
        while start < result.count {
            let end = result[start...].firstIndex { combiningClass($0) == 0 } ?? result.count
            if end - start > 1 {
                let run = result[start..<end].enumerated().map { (combiningClass($1), $0, $1) }
                result.replaceSubrange(start..<end, with: run.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2))
            }
            start = end + 1
        }
        return result
    }

    private static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
        scalar.value < 0x300 || !scalar.isAssigned(inUnicode: 9) ? 0 : scalar.properties.canonicalCombiningClass.rawValue
    }
}

/// A normalization form of Unicode.
enum NormalizationForm: Hashable, Sendable {
    case c, d, kc, kd

    /// The text in this form; nil where it already is in it. The text is valid UTF-8.
    func applied(to text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        if self == .c { return NormalizationFormC.composed(text) }
        guard text.contains(where: { $0 >= 0x80 }) else { return nil }
        let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        var result = String.UnicodeScalarView()
        result.append(contentsOf: self == .d ? Decomposition.canonical(scalars) : Decomposition.compatible(scalars))
        let bytes = Array(String(result).utf8)
        return self == .kc ? bytes.withUnsafeBufferPointer { NormalizationFormC.composed($0) } ?? bytes : bytes
    }
}
