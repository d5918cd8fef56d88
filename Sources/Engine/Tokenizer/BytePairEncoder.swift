import Synchronization

/// Turns the bytes of one piece of text into tokens: merges the pair of lowest rank, leftmost first, until none applies.
struct BytePairEncoder: Sendable {
    private let bytes: ByteTokens
    private let merges: MergeTable
    /// Tokens by their bytes, where a piece that is a token stays whole whatever the merges say.
    private let wholePieces: [ArraySlice<UInt8>: Int]
    private let benches = WorkbenchStore()

    /// - Parameter wholePieces: tokens that need no merges; empty where all do.
    init(bytes: ByteTokens, merges: [TokenMerge], wholePieces: [ArraySlice<UInt8>: Int] = [:]) {
        self.bytes = bytes
        self.merges = MergeTable(merges)
        self.wholePieces = wholePieces
    }

    /// What encoding keeps from piece to piece: the cache, and room to merge in.
    struct Workbench: Sendable {
        var cache = PieceCache()
        var tokens: [UInt32] = []
        var next: [Int32] = []
        var previous: [Int32] = []
        /// Rank in the upper half, position in the lower.
        var queue = BinaryHeap<UInt64>()
        var result: [Int] = []
    }

    /// Calls `body` with a workbench of its own; several threads may encode at once.
    func withWorkbench<Result>(_ body: (inout Workbench) -> Result) -> Result {
        var bench = benches.take()
        defer { benches.put(bench) }
        return body(&bench)
    }

    @inline(__always) func encode(
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
        bench.result.removeAll(keepingCapacity: true)
        if !wholePieces.isEmpty, let token = wholePieces[ArraySlice(piece)] {
            bench.result.append(token)
        } else {
            merge(piece, with: &bench)
        }
    }

    /// A list of the positions still alive, linked both ways, and a queue of candidates: long pieces cost n log n.
    private func merge(_ piece: UnsafeBufferPointer<UInt8>, with bench: inout Workbench) {
        bytes.tokens(of: piece, into: &bench.tokens)
        let count = bench.tokens.count
        bench.next.removeAll(keepingCapacity: true)
        bench.previous.removeAll(keepingCapacity: true)
        for position in 0..<count {
            bench.next.append(Int32(position + 1))
            bench.previous.append(Int32(position - 1))
        }
        bench.queue.removeAll()
        for position in 0..<max(count, 1) - 1 {
            if let merge = merges[bench.tokens[position], bench.tokens[position + 1]] {
                bench.queue.insert(Self.candidate(merge, at: position))
            }
        }
        while let candidate = bench.queue.popFirst() {
            let position = Int(candidate & 0xFFFF_FFFF)
            let right = Int(bench.next[position])
            // What was queued may be gone: a dead position points beyond the end.
            guard right < count, let merge = merges[bench.tokens[position], bench.tokens[right]],
                merge.rank == UInt32(candidate >> 32)
            else { continue }
            bench.tokens[position] = merge.token
            let after = Int(bench.next[right])
            bench.next[right] = Int32(count)
            bench.next[position] = Int32(after)
            if after < count {
                bench.previous[after] = Int32(position)
                if let new = merges[merge.token, bench.tokens[after]] { bench.queue.insert(Self.candidate(new, at: position)) }
            }
            let before = Int(bench.previous[position])
            if before >= 0, let new = merges[bench.tokens[before], merge.token] {
                bench.queue.insert(Self.candidate(new, at: before))
            }
        }
        var position = 0
        while position < count {
            bench.result.append(Int(bench.tokens[position]))
            position = Int(bench.next[position])
        }
    }

    private static func candidate(_ merge: MergeTable.Merge, at position: Int) -> UInt64 {
        UInt64(merge.rank) << 32 | UInt64(position)
    }
}

/// The workbenches that no thread is using.
private final class WorkbenchStore: Sendable {
    private static let limit = 8
    private let free = Mutex<[BytePairEncoder.Workbench]>([])

    func take() -> BytePairEncoder.Workbench { free.withLock { $0.popLast() } ?? BytePairEncoder.Workbench() }

    func put(_ bench: BytePairEncoder.Workbench) {
        free.withLock { benches in
            if benches.count < Self.limit { benches.append(bench) }
        }
    }
}
