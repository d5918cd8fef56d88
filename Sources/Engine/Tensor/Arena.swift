/// Memory that is cut anew for every batch and grows when a batch needs more; its contents do not outlive `cut`.
final class Arena {
    private var buffer = FloatBuffer(count: 0)

    /// One piece per size, each aligned to a cache line.
    func cut(_ sizes: [Int]) -> [UnsafeMutablePointer<Float>] {
        let padded = sizes.map { ($0 + 15) & ~15 }
        let total = padded.reduce(0, +)
        if total > buffer.count {
            release()
            buffer = FloatBuffer(count: total)
        }
        var offset = 0
        return padded.map { size in
            defer { offset += size }
            return buffer.base + offset
        }
    }

    /// Gives the memory back.
    func release() { buffer = FloatBuffer(count: 0) }
}
