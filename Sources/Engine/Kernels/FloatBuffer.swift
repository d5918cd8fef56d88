import CKernels
import Glibc

/// Floats at a fixed, aligned address.
///
/// The owner decides how threads share it: each unit of work gets its own buffer or its own range. `base` is valid while the
/// object lives; code that uses a pointer after the last use of the object must extend the object's lifetime.
final class FloatBuffer {
    let base: UnsafeMutablePointer<Float>
    let count: Int
    private let byteCount: Int

    /// A buffer of zeros. The system provides memory when it is first written, in large pages where it has them.
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

    /// Copies exactly `count` values.
    func replace(with values: [Float]) {
        precondition(values.count == count, "values do not fill the buffer")
        values.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { base.update(from: start, count: count) }
        }
    }
}

extension FloatBuffer {
    /// In parts of a fixed size.
    func sumOfSquares(on workers: WorkerPool) -> Double {
        let partSize = 1 << 15
        var squares = [Double](repeating: 0, count: (count + partSize - 1) / partSize)
        squares.withUnsafeMutableBufferPointer { squares in
            workers.forEachRange(count, size: partSize) { range in
                squares[range.lowerBound / partSize] = decant_sum_of_squares(base + range.lowerBound, range.count)
            }
        }
        return squares.reduce(0, +)
    }
}

/// Memory that every batch divides anew, and that grows when a batch needs more. The next `cut` overwrites its contents.
final class Arena {
    private var buffer = FloatBuffer(count: 0)

    /// One range of floats per size, each aligned to a cache line.
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

    /// Returns the memory to the system.
    func release() { buffer = FloatBuffer(count: 0) }
}
