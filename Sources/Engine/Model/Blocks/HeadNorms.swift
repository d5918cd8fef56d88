import CKernels

/// Norms of queries and keys: over the channels of each head, or over all heads of a token.
struct HeadNorms: Sendable {
    let queries, keys: TensorName
    var spanHeads = false
}

extension ModelConfiguration {
    /// The norms of a token's queries, or of its keys: how many there are, and how many channels each spans.
    fileprivate func headNorms(of heads: Int) -> (count: Int, width: Int) {
        guard let norms = family.attention.headNorms else { return (0, 0) }
        return norms.spanHeads ? (1, heads * headDimension) : (heads, headDimension)
    }

    fileprivate var queryNorms: (count: Int, width: Int) { headNorms(of: headCount) }
    fileprivate var keyNorms: (count: Int, width: Int) { headNorms(of: keyValueHeadCount) }

    /// Norms of a token's queries and keys.
    var headNormCount: Int { queryNorms.count + keyNorms.count }
    /// The weights of both kinds.
    var headNormWidth: Int { queryNorms.width + keyNorms.width }
    /// What is kept of a token for a backward pass through them.
    var headNormInputs: Int { queryNorms.count * queryNorms.width + keyNorms.count * keyNorms.width }
}

extension ForwardPass {
    /// Normalizes the rows' queries and keys, in place.
    func headNormsForward(
        _ rows: Range<Int>, _ x: UnsafeMutablePointer<Float>, weights: Int, _ memory: Attention.Memory
    ) {
        let (query, key) = (configuration.queryNorms, configuration.keyNorms)
        let (norms, kept) = (configuration.headNormCount, configuration.headNormInputs)
        let epsilon = Float(configuration.normEpsilon)
        for row in rows {
            let queries = x + (row - rows.lowerBound) * configuration.projectionSize
            let inverses = memory.headInverses + row * norms
            memory.headInputs.map { ($0 + row * kept).update(from: queries, count: kept) }
            decant_rmsnorm(
                queries, vector(at: weights), normShift, queries, inverses, query.count, query.width, epsilon)
            let keys = queries + configuration.attentionSize
            decant_rmsnorm(
                keys, vector(at: weights + query.width), normShift, keys, inverses + query.count, key.count, key.width, epsilon)
        }
    }
}

extension Decoder {
    /// Gradients of the rows' normalized queries and keys → those of the queries and keys, in place, and the block's sums for the
    /// norms' weights.
    func headNormsBackward(
        _ rows: Range<Int>, _ dx: UnsafeMutablePointer<Float>, weights: Int, _ layer: Activations.Layer, _ a: Activations
    ) {
        let (query, key) = (configuration.queryNorms, configuration.keyNorms)
        let (norms, kept, width) = (configuration.headNormCount, configuration.headNormInputs, configuration.headNormWidth)
        let sums = a.partialSums + rows.lowerBound / Decoder.rowBlock * width
        sums.update(repeating: 0, count: width)
        guard let inputs = layer.headInputs else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: kept + max(query.width, key.width)) { memory in
            guard let dy = memory.baseAddress else { return }
            let sum = dy + kept
            for row in rows {
                let dQueries = dx + (row - rows.lowerBound) * configuration.projectionSize
                dy.update(from: dQueries, count: kept)
                dQueries.update(repeating: 0, count: kept)
                for (kind, channel, norm, weight) in [
                    (query, 0, 0, 0), (key, configuration.attentionSize, query.count, query.width),
                ] {
                    decant_rmsnorm_backward(
                        inputs + row * kept + channel, vector(at: weights + weight), normShift,
                        layer.headInverses + row * norms + norm, dy + channel, dQueries + channel, sum, kind.count, kind.width)
                    decant_add(sums + weight, sum, kind.width)
                }
            }
        }
    }
}
