extension Model {
    /// Draws a new model: matrices and embeddings normal with deviation 0.02, the two projections that write to the residual
    /// stream (`o_proj`, `down_proj`) divided by √(2·layers) as in GPT-2, norms one, biases zero.
    package init(initializing configuration: ModelConfiguration, seed: UInt64) {
        self.init(zeros: configuration)
        let residualScale = 1 / Double(2 * configuration.layerCount).squareRoot()
        for (index, parameter) in parameters.enumerated() {
            switch parameter.role {
            case .norm: fill(parameter) { $0.update(repeating: 1) }
            case .bias, .adapter: continue
            case .embedding, .head, .hiddenMatrix:
                let writesResidual = parameter.name.hasSuffix("o_proj.weight") || parameter.name.hasSuffix("down_proj.weight")
                let deviation = 0.02 * (writesResidual ? residualScale : 1)
                let random = Philox(seed: seed, purpose: .initialization, step: UInt64(index))
                fill(parameter) { weights in
                    for pair in stride(from: 0, to: weights.count, by: 2) {
                        let normals = random.normals(UInt32(truncatingIfNeeded: pair / 2))
                        weights[pair] = Float(normals.0 * deviation)
                        if pair + 1 < weights.count { weights[pair + 1] = Float(normals.1 * deviation) }
                    }
                }
            }
        }
    }
}
