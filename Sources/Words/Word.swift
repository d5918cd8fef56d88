/// A word that recipes and keys use for one of a few choices. Each such enumeration stands once, in this module.
package protocol Word: RawRepresentable<String>, CaseIterable, Codable, Hashable, Sendable {
    /// How a recipe spells the word. Keys hold the raw value.
    var spelling: String { get }
}

extension Word {
    package var spelling: String { rawValue }

    /// Reads a recipe's spelling, or a key's.
    package init?(spelling: String) {
        guard let word = Self.allCases.first(where: { $0.spelling == spelling }) ?? Self(rawValue: spelling) else { return nil }
        self = word
    }
}
