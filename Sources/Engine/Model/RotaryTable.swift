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
