import Words

/// Statistics of what each linear module reads: H = XᵀX for GPTQ and QuantEase, ranges for SmoothQuant.
///
/// Inputs: `model`, `data` (of `data.split`).
/// Output: `statistics.safetensors`; all methods, schemes and group sizes share it.
package struct QuantCalibrate: StageKind {
    package static let name = "quant.calibrate"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    /// Calibration rows.
    package var samples: Int
    package var set: String
    package var prompt: PromptStyle

    package init(samples: Int, set: String, prompt: PromptStyle) {
        self.samples = samples
        self.set = set
        self.prompt = prompt
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.inference(inputs) }
}
