/// The memory of one group of sequences, T tokens in all.
final class EncoderScratch {
    let rows: Int
    /// [T, D]
    let hidden: UnsafeMutablePointer<Float>
    /// [T, D]
    let attended: UnsafeMutablePointer<Float>
    /// [T, D]
    let sum: UnsafeMutablePointer<Float>
    /// [T, 3·D] or [T, I]
    let wide: UnsafeMutablePointer<Float>
    /// [longest, longest]
    let scores: UnsafeMutablePointer<Float>
    private let arena = Arena()

    init(rows: Int, longest: Int, _ configuration: EncoderConfiguration) {
        self.rows = rows
        let size = rows * configuration.hiddenSize
        let pieces = arena.cut([size, size, size, max(3 * size, rows * configuration.intermediateSize), longest * longest])
        (hidden, attended, sum, wide, scores) = (pieces[0], pieces[1], pieces[2], pieces[3], pieces[4])
    }
}
