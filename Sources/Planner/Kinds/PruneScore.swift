/// Importance of every layer: 1 − mean cosine similarity of the hidden states entering and leaving it (METHODS: depth).
///
/// Inputs: `model`, `data` (of `data.split`): its training rows calibrate.
/// Output: `scores.json`.
public struct PruneScore: StageKind {
    public static let name = "prune.score"
    public static let revision = 1

    public var method: PruneMethod
    /// Calibration rows.
    public var samples: Int
    public var prompt: PromptStyle

    public init(method: PruneMethod, samples: Int, prompt: PromptStyle) {
        self.method = method
        self.samples = samples
        self.prompt = prompt
    }
}
