/// Importance of what a method removes: of every layer 1 − mean cosine similarity of the hidden states entering and leaving it
/// (METHODS: depth); of channels, neurons and heads for the other methods.
///
/// Inputs: `model`, `data` (of `data.split`).
/// Output: `scores.json`.
public struct PruneScore: StageKind {
    public static let name = "prune.score"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    public var method: PruneMethod
    /// Calibration rows.
    public var samples: Int
    public var set: String
    public var prompt: PromptStyle

    public init(method: PruneMethod, samples: Int, set: String, prompt: PromptStyle) {
        self.method = method
        self.samples = samples
        self.set = set
        self.prompt = prompt
    }

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
