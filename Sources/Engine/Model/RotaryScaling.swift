/// How the angles of the rotary embedding are scaled, so that a context longer than the trained one looks like it.
///
/// Each step is rounded to float32, as `transformers` rounds it.
package enum RotaryScaling: Hashable, Sendable {
    /// All pairs turn so many times slower (`rope_type: linear`).
    case linear(factor: Double)
    case llama3(Llama3Scaling)
    case yarn(YarnScaling)

    /// What a pair turns by per position.
    func scaled(_ plain: PlainFrequency) -> Float {
        switch self {
        case .linear(let factor): plain.frequency / Float(factor)
        case .llama3(let scaling): scaling.scaled(plain.frequency)
        case .yarn(let scaling): scaling.scaled(plain)
        }
    }

    /// What cosines and sines are multiplied by.
    var attentionFactor: Double {
        if case .yarn(let scaling) = self { scaling.attentionFactor } else { 1 }
    }

    static func check(_ factors: [(field: String, value: Double)]) throws(ModelConfigurationError) {
        for (field, value) in factors where !(value > 0 && value <= 1e6) {
            throw ModelConfigurationError(field: "rope_scaling.\(field)", reason: "must be between 0 and 1000000, not \(value)")
        }
    }

    static func check(originalPositions: Int) throws(ModelConfigurationError) {
        guard (1...(1 << 22)).contains(originalPositions) else {
            throw ModelConfigurationError(
                field: "rope_scaling.original_max_position_embeddings",
                reason: "must be between 1 and \(1 << 22), not \(originalPositions)")
        }
    }
}

/// Llama 3's scaling: pairs that turn slowly turn slower still (`rope_type: llama3`; "The Llama 3 Herd of Models", 2024).
package struct Llama3Scaling: Hashable, Sendable {
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
        try RotaryScaling.check([
            ("factor", factor), ("low_freq_factor", lowFrequencyFactor), ("high_freq_factor", highFrequencyFactor),
        ])
        guard lowFrequencyFactor < highFrequencyFactor else {
            throw ModelConfigurationError(
                field: "rope_scaling.low_freq_factor",
                reason: "must be less than high_freq_factor, \(highFrequencyFactor), not \(lowFrequencyFactor)")
        }
        try RotaryScaling.check(originalPositions: originalPositions)
    }

    func scaled(_ frequency: Float) -> Float {
        let turns = Float(originalPositions) / (2 * Float.pi / frequency)
        if turns < Float(lowFrequencyFactor) { return frequency / Float(factor) }
        if turns > Float(highFrequencyFactor) { return frequency }
        let smooth = (turns - Float(lowFrequencyFactor)) / (Float(highFrequencyFactor) - Float(lowFrequencyFactor))
        return (1 - smooth) * frequency / Float(factor) + smooth * frequency
    }
}

/// YaRN (Peng et al., arXiv 2309.00071): fast pairs stay as they are, slow pairs turn so many times slower, a ramp lies between
/// them, and scores grow with the factor (`rope_type: yarn`).
package struct YarnScaling: Hashable, Sendable {
    package var factor: Double
    /// The trained context, in tokens.
    package var originalPositions: Int
    /// The ramp begins at the pair that turns so often over the trained context, and ends at the pair that turns `slow` times.
    package var fast = 32.0
    package var slow = 1.0
    /// Whether the ramp begins and ends at whole pairs.
    package var truncates = true
    /// What cosines and sines are multiplied by.
    package var attentionFactor: Double

    /// - Parameter attentionFactor: 0.1·ln(factor) + 1 where it is `nil`.
    package init(factor: Double, originalPositions: Int, attentionFactor: Double? = nil) throws(ModelConfigurationError) {
        (self.factor, self.originalPositions) = (factor, originalPositions)
        self.attentionFactor = attentionFactor ?? Self.attentionFactor(of: factor)
        try RotaryScaling.check([("factor", factor), ("attention_factor", self.attentionFactor)])
        try RotaryScaling.check(originalPositions: originalPositions)
    }

    static func attentionFactor(of factor: Double, scale: Double = 1) -> Double {
        factor <= 1 ? 1 : 0.1 * scale * PortableMath.log(factor) + 1
    }

    func scaled(_ plain: PlainFrequency) -> Float {
        var (low, high) = (pair(turning: fast, plain), pair(turning: slow, plain))
        if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, Double(2 * plain.half - 1)))
        if low == high { high += 0.001 }
        let ramp = max(0, min(1, (Float(plain.pair) - Float(low)) / Float(high - low)))
        let stays = 1 - ramp
        let power = 1 / plain.frequency
        return 1 / (Float(factor) * power) * (1 - stays) + plain.frequency * stays
    }

    /// The place of the pair that turns so often over the trained context; not a whole number.
    private func pair(turning turns: Double, _ plain: PlainFrequency) -> Double {
        Double(plain.half) * PortableMath.log(Double(originalPositions) / (turns * 2 * .pi)) / plain.logTheta
    }
}
