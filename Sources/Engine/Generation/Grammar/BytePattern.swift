/// A regular language over bytes.
package indirect enum BytePattern: Hashable, Sendable {
    case literal([UInt8])
    case byte(ClosedRange<UInt8>)
    case sequence([BytePattern])
    case choice([BytePattern])
    /// Any number of times.
    case repeated(BytePattern)
    /// Members in this order with commas between them; those that are not required may be missing.
    case members([Member])

    package struct Member: Hashable, Sendable {
        package var pattern: BytePattern
        package var isRequired: Bool

        package init(_ pattern: BytePattern, isRequired: Bool) {
            self.pattern = pattern
            self.isRequired = isRequired
        }
    }

    package static func text(_ text: String) -> BytePattern { .literal(Array(text.utf8)) }

    package static func optional(_ pattern: BytePattern) -> BytePattern { .choice([pattern, .sequence([])]) }

    /// Between so many and so many times.
    package static func repeated(_ pattern: BytePattern, _ counts: ClosedRange<Int>) -> BytePattern {
        let least = [BytePattern](repeating: pattern, count: counts.lowerBound)
        let rest = (counts.lowerBound..<counts.upperBound).reduce(BytePattern.sequence([])) { inner, _ in
            .optional(.sequence([pattern, inner]))
        }
        return .sequence(least + [rest])
    }
}
