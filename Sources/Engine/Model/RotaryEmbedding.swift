/// Llama 3's scaling of the rotary embedding: pairs that turn slowly turn slower still, so that a context longer than the
/// trained one looks like it (`rope_type: llama3`; "The Llama 3 Herd of Models", 2024, and `transformers`' reading of it).
package struct RotaryScaling: Hashable, Sendable {
    /// The factor that slows down slow pairs.
    package var factor: Double
    /// Pairs that turn less often than this over the trained context are slow.
    package var lowFrequencyFactor: Double
    /// Pairs that turn more often than this stay as they are; between the two the factor fades in.
    package var highFrequencyFactor: Double
    /// The trained context, in tokens.
    package var originalPositions: Int

    package init(
        factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Int
    ) throws(ModelConfigurationError) {
        (self.factor, self.lowFrequencyFactor) = (factor, lowFrequencyFactor)
        (self.highFrequencyFactor, self.originalPositions) = (highFrequencyFactor, originalPositions)
        let factors = [
            ("factor", factor), ("low_freq_factor", lowFrequencyFactor), ("high_freq_factor", highFrequencyFactor),
        ]
        for (field, value) in factors where !(value > 0 && value <= 1e6) {
            throw ModelConfigurationError(field: "rope_scaling.\(field)", reason: "must be between 0 and 1000000, not \(value)")
        }
        guard lowFrequencyFactor < highFrequencyFactor else {
            throw ModelConfigurationError(
                field: "rope_scaling.low_freq_factor",
                reason: "must be less than high_freq_factor, \(highFrequencyFactor), not \(lowFrequencyFactor)")
        }
        guard (1...(1 << 22)).contains(originalPositions) else {
            throw ModelConfigurationError(
                field: "rope_scaling.original_max_position_embeddings",
                reason: "must be between 1 and \(1 << 22), not \(originalPositions)")
        }
    }

    /// A pair's angle per position after scaling; each step is rounded to float32, as `transformers` rounds it.
    func scaled(_ frequency: Float) -> Float {
        let turns = Float(originalPositions) / (2 * Float.pi / frequency)
        if turns < Float(lowFrequencyFactor) { return frequency / Float(factor) }
        if turns > Float(highFrequencyFactor) { return frequency }
        let smooth = (turns - Float(lowFrequencyFactor)) / (Float(highFrequencyFactor) - Float(lowFrequencyFactor))
        return (1 - smooth) * frequency / Float(factor) + smooth * frequency
    }
}

/// Cosines and sines of the rotary embedding: angle = position·θ^(−2i/d) for pair i, scaled where the model says so; each
/// [positions, d/2].
///
/// Frequency and angle are rounded to float32 where `transformers` rounds them, so that long contexts agree with it.
final class RotaryTable {
    let cosines: FloatBuffer
    let sines: FloatBuffer

    init(_ configuration: ModelConfiguration, positions: Int) {
        let half = configuration.headDimension / 2
        cosines = FloatBuffer(count: positions * half)
        sines = FloatBuffer(count: positions * half)
        let logTheta = PortableMath.log(configuration.ropeTheta)
        for pair in 0..<half {
            let frequency = RotaryTable.frequency(ofPair: pair, of: half, logTheta, configuration.ropeScaling)
            for position in 0..<positions {
                let angle = PortableMath.cosineAndSine(Double(Float(position) * frequency))
                cosines.base[position * half + pair] = Float(angle.cosine)
                sines.base[position * half + pair] = Float(angle.sine)
            }
        }
    }

    /// A pair's angle per position.
    static func frequency(ofPair pair: Int, of half: Int, _ logTheta: Double, _ scaling: RotaryScaling?) -> Float {
        let frequency = Float(PortableMath.exp(-Double(2 * pair) / Double(2 * half) * logTheta))
        return scaling?.scaled(frequency) ?? frequency
    }
}
