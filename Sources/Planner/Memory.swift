/// How much memory the engine takes for common work, roughly, in bytes.
enum Memory {
    private static let process = 96 << 20

    /// Training: weights, two moments and a gradient, the model as read or to write, the state while a checkpoint is written
    /// (twice, as numbers and as bytes); rows as tokens and activations.
    static func training(_ inputs: [String: Int]) -> Int { process + 11 * models(inputs) + 5 * others(inputs) + activations }

    /// Reading sequences and answering them: weights as floats and packed, caches.
    static func inference(_ inputs: [String: Int]) -> Int { process + 4 * models(inputs) + 8 * others(inputs) + activations }

    /// Four-bit blocks become floats.
    static func importing(_ inputs: [String: Int]) -> Int { process + 9 * others(inputs) }

    /// Rows with their texts' vectors; an encoder's weights as read and packed.
    static func retrieving(_ inputs: [String: Int]) -> Int {
        let encoder = inputs["encoder"] ?? 0
        return process + 3 * encoder + 16 * (inputs.values.reduce(0, +) - encoder)
    }

    private static let activations = 128 << 20

    private static func models(_ inputs: [String: Int]) -> Int {
        ["model", "teacher", "student"].reduce(0) { $0 + (inputs[$1] ?? 0) }
    }

    private static func others(_ inputs: [String: Int]) -> Int { inputs.values.reduce(0, +) - models(inputs) }
}
