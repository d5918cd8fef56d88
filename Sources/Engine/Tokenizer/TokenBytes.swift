/// The bytes that each token of a vocabulary stands for, back to back.
struct TokenBytes: Sendable {
    private var bytes: [UInt8] = []
    /// Where each token starts, and the end.
    private var starts: [Int] = [0]

    /// - Parameter spellings: by id: byte symbols, or any other text, which stands for itself.
    init(_ spellings: [String?]) {
        starts.reserveCapacity(spellings.count + 1)
        for spelling in spellings {
            if let spelling, !ByteAlphabet.append(bytesSpelled: spelling, to: &bytes) {
                bytes.append(contentsOf: spelling.utf8)
            }
            starts.append(bytes.count)
        }
    }

    /// No bytes for an id that does not exist.
    subscript(id: Int) -> ArraySlice<UInt8> {
        guard id >= 0, id + 1 < starts.count else { return [] }
        return bytes[starts[id]..<starts[id + 1]]
    }

    /// The id of each token by its bytes.
    func ids(without left: Set<Int>) -> [ArraySlice<UInt8>: Int] {
        var ids: [ArraySlice<UInt8>: Int] = [:]
        ids.reserveCapacity(starts.count)
        for id in 0..<starts.count - 1 where !left.contains(id) { ids[self[id]] = id }
        return ids
    }
}
