/// The tokens that merges start from in a vocabulary of characters; bytes stand for characters that it lacks (`byte_fallback`).
struct CharacterTokens: Sendable {
    private var ascii = [UInt32](repeating: none, count: 128)
    private var others: [UInt32: UInt32] = [:]
    /// `<0x00>` to `<0xFF>`, where the model falls back to bytes; nil for a byte without a token.
    private let bytes: [UInt32?]
    private let unknown: UInt32?
    private let joinsUnknown: Bool

    private static let none = UInt32.max

    /// - Parameters:
    ///   - ids: the vocabulary; tokens of one character count.
    ///   - fallsBack: whether `<0x0A>` and the like stand for bytes.
    init(_ ids: [Spelling: Int], fallsBack: Bool, unknown: Int?, joinsUnknown: Bool) {
        for (spelling, id) in ids {
            let scalars = spelling.text.unicodeScalars
            guard let scalar = scalars.first, scalars.index(after: scalars.startIndex) == scalars.endIndex else { continue }
            if scalar.value < 128 { ascii[Int(scalar.value)] = UInt32(id) } else { others[scalar.value] = UInt32(id) }
        }
        bytes =
            fallsBack ? (UInt8.min...UInt8.max).map { ids[Spelling(Self.spelling(of: $0))].map(UInt32.init) } : []
        self.unknown = unknown.map(UInt32.init)
        self.joinsUnknown = joinsUnknown
    }

    /// `<0x0A>`
    static func spelling(of byte: UInt8) -> String {
        "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
    }

    /// The byte that a token stands for.
    static func byte(spelled token: String) -> UInt8? {
        let text = Array(token.utf8)
        guard text.count == 6, token.hasPrefix("<0x"), token.hasSuffix(">") else { return nil }
        return UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
    }

    /// The library writes an unknown token only when the next known character comes, behind the bytes in between.
    func tokens(of piece: UnsafeBufferPointer<UInt8>, into result: inout [UInt32]) {
        result.removeAll(keepingCapacity: true)
        var pending: UInt32?
        var position = 0
        while position < piece.count {
            let (scalar, end) = piece.scalar(at: position)
            let token = scalar < 128 ? ascii[Int(scalar)] : others[scalar] ?? Self.none
            if token != Self.none {
                if let unknown = pending { result.append(unknown) }
                pending = nil
                result.append(token)
            } else if let fallback = fallback(piece[position..<end]) {
                result += fallback
            } else if let unknown {
                if let pending, !joinsUnknown { result.append(pending) }
                pending = unknown
            }
            position = end
        }
        if let pending { result.append(pending) }
    }

    private func fallback(_ character: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt32]? {
        guard !bytes.isEmpty else { return nil }
        let tokens = character.compactMap { bytes[Int($0)] }
        return tokens.count == character.count ? tokens : nil
    }
}
