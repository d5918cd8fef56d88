/// Floats at a fixed, aligned address, owned by this object.
///
/// Sharing between threads is the owner's affair: the engine gives each unit of work buffers, or ranges of one, of its own.
/// `base` is valid while the object lives; who works on a pointer beyond the object's last mention extends its lifetime.
final class FloatBuffer {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    /// All zero.
    init(count: Int) {
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(1, count) * MemoryLayout<Float>.stride, alignment: 64)
        base = bytes.bindMemory(to: Float.self, capacity: max(1, count))
        base.initialize(repeating: 0, count: max(1, count))
        self.count = count
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        replace(with: values)
    }

    deinit { base.deallocate() }

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
