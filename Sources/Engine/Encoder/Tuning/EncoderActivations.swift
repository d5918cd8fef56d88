/// What the forward pass of an encoder keeps for the backward pass, for sequences with T tokens in total.
///
/// The memory is the arena's: the next activations of the same arena overwrite it.
struct EncoderActivations {
    typealias Floats = UnsafeMutablePointer<Float>

    struct Layer {
        /// [T, 3·D]
        let projections: Floats
        /// Softmax of the scores: for each sequence and head [L, L].
        let shares: Floats
        /// [T, D]
        let attended: Floats
        /// [T, D]: input and attention's output, before the norm.
        let attentionSum: Floats
        /// [T, D]: after the norm.
        let middle: Floats
        /// [T, I]: before GELU.
        let wide: Floats
        /// [T, I]: after it.
        let activated: Floats
        /// [T, D]: before the second norm.
        let outputSum: Floats
    }

    /// Of the sequences: their lengths, their first rows, and where their shares begin.
    let lengths: [Int]
    let starts: [Int]
    let shareStarts: [Int]
    let rows: Int
    /// [T, D]: sums of the embeddings, before their norm.
    let embedded: Floats
    /// [T, D]: what each layer reads, and at the end what the heads read.
    let states: [Floats]
    let layers: [Layer]

    /// Gradients. [T, D]: of a layer's output, then of its input.
    let gradient: Floats
    /// [T, D]
    let sumGradient: Floats
    /// [T, D]
    let attendedGradient: Floats
    /// [T, I]
    let wideGradient: Floats
    /// [T, 3·D]
    let projectionGradient: Floats
    /// As `shares`.
    let shareGradient: Floats

    init(_ sequences: [[Int32]], _ configuration: EncoderConfiguration, in arena: Arena) {
        var (starts, shareStarts, rows, shares) = ([Int](), [Int](), 0, 0)
        for sequence in sequences {
            starts.append(rows)
            shareStarts.append(shares)
            rows += sequence.count
            shares += configuration.headCount * sequence.count * sequence.count
        }
        (lengths, self.starts, self.shareStarts, self.rows) = (sequences.map(\.count), starts, shareStarts, rows)
        let (narrow, wide) = (rows * configuration.hiddenSize, rows * configuration.intermediateSize)
        let layer = [3 * narrow, shares, narrow, narrow, narrow, wide, wide, narrow]
        let count = configuration.layerCount
        let sizes =
            [narrow, narrow, narrow, narrow, wide, 3 * narrow, shares] + [Int](repeating: narrow, count: count + 1)
            + (0..<count).flatMap { _ in layer }
        let pieces = arena.cut(sizes)
        embedded = pieces[0]
        (gradient, sumGradient, attendedGradient) = (pieces[1], pieces[2], pieces[3])
        (wideGradient, projectionGradient, shareGradient) = (pieces[4], pieces[5], pieces[6])
        states = Array(pieces[7..<8 + count])
        layers = (0..<count).map { index in
            let own = Array(pieces[(8 + count + index * layer.count)...].prefix(layer.count))
            return Layer(
                projections: own[0], shares: own[1], attended: own[2], attentionSum: own[3], middle: own[4], wide: own[5],
                activated: own[6], outputSum: own[7])
        }
    }
}
