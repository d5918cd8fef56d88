import BuildModel

/// How much memory the engine takes for common work, roughly, in bytes.
enum Memory {
    private static let process = 96 << 20

    /// Training: weights, two moments and a gradient, the model as read or to write, the best values of a validation, a copy of
    /// what is trained while a checkpoint is written beside it (four times, the best values included), and once more for what is
    /// in passing; rows as tokens and activations. A state that is gone on from is read before there are any of these.
    static func training(_ inputs: [String: Int]) -> Int {
        let state = inputs["state"] ?? 0
        return process + 11 * models(inputs) + 5 * (others(inputs) - state) + state + activations
    }

    /// Training a model while a teacher reads: its weights as read, as floats and packed, and its activations.
    static func trainingBesideTeacher(_ inputs: [String: Int]) -> Int {
        training(inputs) - 8 * (inputs["teacher"] ?? 0) + activations
    }

    /// Training a model that answers with what it is at each step, while a teacher reads: the model's weights twice more and its
    /// caches, the teacher's twice.
    static func trainingOnPolicy(_ inputs: [String: Int]) -> Int {
        let teacher = inputs["teacher"] ?? 0
        return training(inputs) - 8 * teacher + 4 * (models(inputs) - teacher) + activations
    }

    /// Reading sequences and answering them: weights as floats and packed, caches.
    static func inference(_ inputs: [String: Int]) -> Int { process + 4 * models(inputs) + 8 * others(inputs) + activations }

    /// Training, beside it the reference policy as floats, and the policy that answers: as read, as floats and packed.
    static func reinforcement(_ inputs: [String: Int]) -> Int { training(inputs) + 6 * models(inputs) + activations }

    /// Judging: as `inference` where a model at hand does it.
    static func judging(_ inputs: [String: Int]) -> Int {
        inputs["judge"] == nil ? Stage.plainMemory(inputs) : inference(inputs)
    }

    /// Four-bit blocks become floats.
    static func importing(_ inputs: [String: Int]) -> Int { process + 9 * others(inputs) }

    /// The model as read, as it becomes, and as written.
    static func merging(_ inputs: [String: Int]) -> Int { process + 4 * models(inputs) + 3 * others(inputs) }

    /// The model as read and as it becomes, and where it is calibrated as it is quantized, as floats; of the statistics one layer.
    static func quantizing(_ inputs: [String: Int]) -> Int {
        let data = (inputs["data"] ?? 0) + (inputs["text"] ?? 0)
        return process + 4 * models(inputs) + 8 * data + activations
    }

    /// Rows with their texts' vectors; an encoder's weights as read and packed.
    static func retrieving(_ inputs: [String: Int]) -> Int {
        let encoder = inputs["encoder"] ?? 0
        return process + 3 * encoder + 16 * (inputs.values.reduce(0, +) - encoder)
    }

    /// Tuning an encoder: weights as read and trained, a gradient, two moments, the state while a checkpoint is written; rows.
    static func tuning(_ inputs: [String: Int]) -> Int {
        let encoder = inputs["encoder"] ?? 0
        return process + 11 * encoder + 8 * (inputs.values.reduce(0, +) - encoder) + 4 * activations
    }

    private static let activations = 128 << 20

    private static func models(_ inputs: [String: Int]) -> Int {
        ["model", "teacher", "student", "judge"].reduce(0) { $0 + (inputs[$1] ?? 0) }
    }

    private static func others(_ inputs: [String: Int]) -> Int { inputs.values.reduce(0, +) - models(inputs) }
}
