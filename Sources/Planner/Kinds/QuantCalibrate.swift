/// Statistics of what each linear module reads: H = XᵀX for GPTQ and QuantEase, ranges for SmoothQuant.
///
/// Inputs: `model`, `data` (of `data.split`).
/// Output: `statistics.safetensors`; all methods, schemes and group sizes share it.
public struct QuantCalibrate: StageKind {
    public static let name = "quant.calibrate"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    /// Calibration rows.
    public var samples: Int
    public var set: String
    public var prompt: PromptStyle

    public init(samples: Int, set: String, prompt: PromptStyle) {
        self.samples = samples
        self.set = set
        self.prompt = prompt
    }

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
