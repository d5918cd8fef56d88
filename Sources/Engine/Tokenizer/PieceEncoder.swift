import Synchronization

/// Turns pieces of text into tokens, with what it found before at hand.
///
/// It is one object, so that no piece costs copies of its parts.
final class PieceEncoder: Sendable {
    enum Model: Sendable {
        case bytePairs(BytePairEncoder)
        case unigrams(UnigramEncoder)
    }

    private let model: Model
    /// Where a piece may be cut before it is encoded, without another result.
    private let cuts: SpaceCuts?
    private let benches = WorkbenchStore()

    init(_ model: Model, cuts: SpaceCuts? = nil) { (self.model, self.cuts) = (model, cuts) }

    /// Memory that encoding keeps from piece to piece: the cache, and buffers.
    struct Workbench: Sendable {
        var cache = PieceCache()
        var tokens: [UInt32] = []
        var next: [Int32] = []
        var previous: [Int32] = []
        /// Rank in the upper half, position in the lower.
        var queue = BinaryHeap<UInt64>()
        /// The best ways to each byte.
        var ways: [UnigramEncoder.Way] = []
        var result: [Int] = []
    }

    /// Calls `body` with its own workbench; several threads may encode at once.
    func withWorkbench<Result>(_ body: (inout Workbench) -> Result) -> Result {
        var bench = benches.take()
        defer { benches.put(bench) }
        return body(&bench)
    }

    @inline(__always) func encode(
        _ piece: UnsafeBufferPointer<UInt8>, with bench: inout Workbench, to ids: inout [Int]
    ) {
        guard let cuts else { return encodePart(piece, with: &bench, to: &ids) }
        cuts.forEachPart(of: piece) { encodePart($0, with: &bench, to: &ids) }
    }

    @inline(__always) private func encodePart(
        _ piece: UnsafeBufferPointer<UInt8>, with bench: inout Workbench, to ids: inout [Int]
    ) {
        guard piece.count <= PieceCache.maximumLength else {
            encodeAnew(piece, with: &bench)
            ids.append(contentsOf: bench.result)
            return
        }
        let hash = PieceCache.hash(piece)
        if bench.cache.append(piece, hash: hash, to: &ids) { return }
        encodeAnew(piece, with: &bench)
        ids.append(contentsOf: bench.result)
        bench.cache.insert(piece, hash: hash, tokens: bench.result)
    }

    /// Leaves the piece's tokens in `bench.result`.
    private func encodeAnew(_ piece: UnsafeBufferPointer<UInt8>, with bench: inout Workbench) {
        switch model {
        case .bytePairs(let encoder): encoder.encode(piece, with: &bench)
        case .unigrams(let encoder): encoder.encode(piece, with: &bench)
        }
    }
}

/// The workbenches that no thread uses.
private final class WorkbenchStore: Sendable {
    private static let limit = 8
    private let free = Mutex<[PieceEncoder.Workbench]>([])

    func take() -> PieceEncoder.Workbench { free.withLock { $0.popLast() } ?? PieceEncoder.Workbench() }

    func put(_ bench: PieceEncoder.Workbench) {
        free.withLock { benches in
            if benches.count < Self.limit { benches.append(bench) }
        }
    }
}

/// The places before `▁` that no merge crosses.
///
/// SentencePiece's vocabularies have no token in which it follows another character, so that merges within words give what
/// merges over the whole text give; and words are found again.
struct SpaceCuts: Sendable {
    /// Characters that a token has before a `▁`.
    private let joined: Set<UInt32>

    private static let mark: [UInt8] = Array("▁".utf8)

    /// - Parameters:
    ///   - ids: the vocabulary; nil comes back where `▁` is no token of it.
    ///   - merged: the spellings that merges make.
    init?(_ ids: [Spelling: Int], merged: some Sequence<String>) {
        guard ids["▁"] != nil else { return nil }
        var joined: Set<UInt32> = []
        for spelling in merged {
            var last: Unicode.Scalar?
            for scalar in spelling.unicodeScalars {
                if scalar == "▁", let last, last != "▁" { joined.insert(last.value) }
                last = scalar
            }
        }
        self.joined = joined
    }

    @inline(__always)
    func forEachPart(of piece: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var start = 0
        piece.forEachPlace(of: Self.mark) { place in
            guard place.lowerBound > start else { return }
            let last = piece.scalar(at: piece.startOfCharacter(before: place.lowerBound)).value
            guard last != 0x2581, !joined.contains(last) else { return }
            body(UnsafeBufferPointer(rebasing: piece[start..<place.lowerBound]))
            start = place.lowerBound
        }
        if start < piece.count { body(UnsafeBufferPointer(rebasing: piece[start...])) }
    }
}
