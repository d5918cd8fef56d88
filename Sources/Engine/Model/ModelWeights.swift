/// Every weight of a model, float32, in one piece of memory. Copies of a value share it until one of them is written; what was
/// never written is zero, and takes no memory.
///
/// The memory is written while one value alone has it, so that values may cross threads.
package struct ModelWeights: @unchecked Sendable {
    /// To be read.
    private(set) var buffer: FloatBuffer

    /// All zero.
    init(count: Int) { buffer = FloatBuffer(count: count) }

    /// Takes over memory that nobody else writes from here on.
    init(adopting buffer: FloatBuffer) { self.buffer = buffer }

    init(copying buffer: FloatBuffer) { self.buffer = buffer.copy() }

    /// The same weights in memory of their own.
    func copied() -> ModelWeights { ModelWeights(copying: buffer) }

    func withUnsafeBufferPointer<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(buffer) {} }
        return try body(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
    }

    mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if !isKnownUniquelyReferenced(&buffer) { buffer = buffer.copy() }
        let memory = buffer
        defer { withExtendedLifetime(memory) {} }
        return try body(UnsafeMutableBufferPointer(start: memory.base, count: memory.count))
    }
}

extension ModelWeights: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { buffer.count }

    package subscript(place: Int) -> Float {
        precondition(place >= 0 && place < buffer.count, "no such weight")
        return buffer.base[place]
    }

    package func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<Float>) throws -> Result
    ) rethrows -> Result? {
        try withUnsafeBufferPointer(body)
    }
}

extension ModelWeights: Equatable {
    package static func == (left: ModelWeights, right: ModelWeights) -> Bool { left.elementsEqual(right) }
}
