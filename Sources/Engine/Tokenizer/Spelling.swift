/// The text of a token, equal to another where the bytes are.
///
/// Strings are equal where they are canonically equivalent; vocabularies hold both U+F900 and U+8C48, which are.
struct Spelling: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    init(stringLiteral value: String) { text = value }

    var description: String { text }

    static func == (a: Spelling, b: Spelling) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    static func < (a: Spelling, b: Spelling) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    }
}
