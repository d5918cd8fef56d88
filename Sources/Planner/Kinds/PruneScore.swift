import Words

/// Importance of what pruning removes, in a form that every ratio, shape and method of a sweep shares.
///
/// Inputs: `model`, `data` (of `data.split`).
/// Output: `scores.json`; with `width` also `calibration.safetensors`, the calibration rows as tokens (`tokens`, `lengths`), on
/// which `prune.apply` compares shapes and solves for weights.
package struct PruneScore: StageKind {
    package enum Measure: String, Codable, Hashable, Sendable, CaseIterable {
        /// `layers`: of each layer 1 − mean cosine similarity of the hidden states entering and leaving it.
        case depth
        /// `hidden`, `intermediate` and `heads`: sums of absolute activations, each group of length 1 (METHODS: width).
        case width
    }

    package static let name = "prune.score"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    package var method: Measure
    /// Calibration rows.
    package var samples: Int
    package var set: String
    package var prompt: PromptStyle

    package init(method: Measure, samples: Int, set: String, prompt: PromptStyle) {
        self.method = method
        self.samples = samples
        self.set = set
        self.prompt = prompt
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
