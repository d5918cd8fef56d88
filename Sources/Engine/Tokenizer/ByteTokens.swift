/// The tokens of single bytes, with which every merge begins.
struct ByteTokens: Sendable {
    /// By byte; a vocabulary may lack some, whose text it cannot spell.
    private let tokens: [UInt32]
    /// The token of a byte that has none; without it such a byte is left out.
    var unknown: Int?
    /// Whether neighbours without a token become one unknown token.
    var joinsUnknown = false

    private static let none = UInt32.max

    /// - Parameter tokens: of the 256 bytes.
    init(_ tokens: [Int?]) { self.tokens = tokens.map { $0.map(UInt32.init) ?? Self.none } }

    func tokens(of piece: UnsafeBufferPointer<UInt8>, into result: inout [UInt32]) {
        result.removeAll(keepingCapacity: true)
        var isAfterUnknown = false
        for byte in piece {
            let token = tokens[Int(byte)]
            if token != Self.none {
                result.append(token)
            } else if let unknown, !(isAfterUnknown && joinsUnknown) {
                result.append(UInt32(unknown))
            }
            isAfterUnknown = token == Self.none
        }
    }
}
