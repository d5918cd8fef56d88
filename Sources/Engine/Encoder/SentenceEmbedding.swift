import CKernels

/// A text as a direction: a vector of length 1.
package struct SentenceEmbedding: Hashable, Sendable {
    package let values: [Float]

    package init(_ values: [Float]) { self.values = values }

    /// The cosine of the angle between two; they are of the same encoder.
    package func similarity(to other: SentenceEmbedding) -> Double {
        decant_dot(values, other.values, min(values.count, other.values.count))
    }
}
