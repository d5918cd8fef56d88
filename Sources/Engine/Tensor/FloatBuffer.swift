import Glibc

/// Floats at a fixed, aligned address, owned by this object.
///
/// Sharing between threads is the owner's affair: the engine gives each unit of work buffers, or ranges of one, of its own.
/// `base` is valid while the object lives; who works on a pointer beyond the object's last mention extends its lifetime.
final class FloatBuffer {
    let base: UnsafeMutablePointer<Float>
    let count: Int
    private let byteCount: Int

    /// All zero. Memory is taken from the system as it is first written, in large pages where the system has them.
    init(count: Int) {
        self.count = count
        byteCount = max(1, count) * MemoryLayout<Float>.stride
        let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { fatalError("out of memory: \(byteCount) bytes") }
        madvise(memory, byteCount, MADV_HUGEPAGE)
        base = memory.bindMemory(to: Float.self, capacity: max(1, count))
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        replace(with: values)
    }

    deinit { munmap(base, byteCount) }

    func copy() -> FloatBuffer {
        let copy = FloatBuffer(count: count)
        withExtendedLifetime(self) { copy.base.update(from: base, count: count) }
        return copy
    }

    var values: [Float] {
        withExtendedLifetime(self) { Array(UnsafeBufferPointer(start: base, count: count)) }
    }

    /// Takes as many values as it holds.
    func replace(with values: [Float]) {
        precondition(values.count == count, "values do not fill the buffer")
        values.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { base.update(from: start, count: count) }
        }
    }

    func clear() { base.update(repeating: 0, count: count) }
}
