/// Cosines and sines of the rotary embedding: angle = position·θ^(−2i/d) for pair i of the d turned channels of a head, scaled
/// where the model says so; each [positions, d/2].
///
/// Frequency and angle are rounded to float32 where `transformers` rounds them, so that long contexts agree with it.
final class RotaryTable {
    let cosines: FloatBuffer
    let sines: FloatBuffer

    init(channels: Int, theta: Double, scaling: RotaryScaling?, positions: Int) {
        let half = channels / 2
        cosines = FloatBuffer(count: positions * half)
        sines = FloatBuffer(count: positions * half)
        let logTheta = PortableMath.log(theta)
        let factor = Float(scaling?.attentionFactor ?? 1)
        for pair in 0..<half {
            let plain = PlainFrequency(pair: pair, half: half, logTheta: logTheta)
            let frequency = scaling?.scaled(plain) ?? plain.frequency
            for position in 0..<positions {
                let angle = PortableMath.cosineAndSine(Double(Float(position) * frequency))
                cosines.base[position * half + pair] = Float(angle.cosine) * factor
                sines.base[position * half + pair] = Float(angle.sine) * factor
            }
        }
    }

    /// That of most layers.
    convenience init(_ configuration: ModelConfiguration, positions: Int) {
        self.init(
            channels: configuration.turnedChannels, theta: configuration.ropeTheta, scaling: configuration.ropeScaling,
            positions: positions)
    }
}

/// What a pair turns by per position without scaling: θ^(−2i/d).
struct PlainFrequency {
    let pair: Int
    /// Pairs of a head.
    let half: Int
    let logTheta: Double
    let frequency: Float

    init(pair: Int, half: Int, logTheta: Double) {
        (self.pair, self.half, self.logTheta) = (pair, half, logTheta)
        frequency = Float(PortableMath.exp(-Double(2 * pair) / Double(2 * half) * logTheta))
    }
}

/// The rotary embeddings of a model: that of most layers, and where the family has it that of layers with a window.
struct RotaryTables {
    private let main: RotaryTable
    private let local: RotaryTable?
    private let configuration: ModelConfiguration

    init(_ configuration: ModelConfiguration, positions: Int) {
        self.configuration = configuration
        main = RotaryTable(configuration, positions: positions)
        let isWanted = (0..<configuration.layerCount).contains(where: configuration.turnsLocally)
        local = configuration.localRopeTheta.flatMap { theta in
            isWanted
                ? RotaryTable(channels: configuration.turnedChannels, theta: theta, scaling: nil, positions: positions) : nil
        }
    }

    /// `nil` for a layer whose queries and keys are not turned.
    subscript(layer index: Int) -> RotaryTable? {
        guard configuration.attention(ofLayer: index).turns else { return nil }
        return configuration.turnsLocally(index) ? local : main
    }
}
