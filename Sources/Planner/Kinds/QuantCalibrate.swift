/// Statistics of each linear layer's inputs: Hessians for GPTQ and QuantEase, ranges for SmoothQuant.
///
/// Inputs: `model`, `data` (of `data.split`).
/// Output: `statistics.safetensors`; any scheme and group size shares it.
public struct QuantCalibrate: StageKind {
    public static let name = "quant.calibrate"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    public enum Statistics: String, Codable, Hashable, Sendable, CaseIterable {
        case hessians
        case ranges
    }

    public var statistics: Statistics
    /// Calibration rows.
    public var samples: Int
    public var set: String
    public var prompt: PromptStyle

    public init(statistics: Statistics, samples: Int, set: String, prompt: PromptStyle) {
        self.statistics = statistics
        self.samples = samples
        self.set = set
        self.prompt = prompt
    }

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
