import CKernels

/// A text as a direction: a vector of length 1.
public struct SentenceEmbedding: Hashable, Sendable {
    public let values: [Float]

    public init(_ values: [Float]) { self.values = values }

    /// The cosine of the angle between two; they are of the same encoder.
    public func similarity(to other: SentenceEmbedding) -> Double {
        decant_dot(values, other.values, min(values.count, other.values.count))
    }
}
