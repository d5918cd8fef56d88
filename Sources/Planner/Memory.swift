/// How much memory the engine takes for common work, roughly, in bytes.
enum Memory {
    private static let process = 96 << 20

    /// Training: the model as read, weights, two moments, a gradient and one for each of four lanes, the model to write, and
    /// the state while a checkpoint is written; rows as tokens and activations.
    static func training(_ inputs: [String: Int]) -> Int { process + 14 * models(inputs) + 5 * others(inputs) + activations }

    /// Reading sequences and answering them: weights as floats and packed, caches.
    static func inference(_ inputs: [String: Int]) -> Int { process + 4 * models(inputs) + 8 * others(inputs) + activations }

    /// Four-bit blocks become floats.
    static func importing(_ inputs: [String: Int]) -> Int { process + 9 * others(inputs) }

    private static let activations = 128 << 20

    private static func models(_ inputs: [String: Int]) -> Int {
        ["model", "teacher", "student"].reduce(0) { $0 + (inputs[$1] ?? 0) }
    }

    private static func others(_ inputs: [String: Int]) -> Int { inputs.values.reduce(0, +) - models(inputs) }
}
