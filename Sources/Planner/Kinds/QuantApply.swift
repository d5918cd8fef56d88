import Words

/// Quantizes a model's linear layers.
///
/// Inputs: `model`; `statistics` (of `quant.calibrate`) for every method but round to nearest, or with `prefix` `data` (of
/// `data.split`).
/// Output: a model folder in the compressed-tensors layout (`pack-quantized`, for W8A8-INT8 `int-quantized`, for W8A8-FP8
/// `float-quantized`) and `quantization.json` (errors per layer, bytes).
package struct QuantApply: StageKind {
    package static let name = "quant.apply"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [
        .required("model"), .optional("statistics"), .optional("data"),
    ]

    package var scheme: QuantScheme
    package var method: QuantMethod
    /// Consecutive inputs that share a scale; 0 is one scale per output channel.
    package var groupSize: Int
    /// Sorted module names, without their prefix, that stay in float: `lm_head`.
    package var ignore: [String]
    /// Of GPTQ and QuantEase: share of the mean diagonal added to the Hessian.
    package var damping: Double?
    /// Of GPTQ alone.
    package var activationOrder: Bool?
    /// Of SmoothQuant alone: α.
    package var smoothing: Double?
    /// Of QuantEase alone: passes over the columns at most.
    package var iterations: Int?
    /// Of GPTQ and QuantEase: calibrates each layer on what the quantized layers before it give, in place of `statistics`.
    package var prefix: PrefixCalibration?

    /// Calibration rows, which pass through the model as it is being quantized.
    package struct PrefixCalibration: Codable, Hashable, Sendable {
        package var samples: Int
        package var set: String
        package var prompt: PromptStyle

        package init(samples: Int, set: String, prompt: PromptStyle) {
            self.samples = samples
            self.set = set
            self.prompt = prompt
        }
    }

    package init(
        scheme: QuantScheme, method: QuantMethod, groupSize: Int, ignore: [String], damping: Double? = nil,
        activationOrder: Bool? = nil,
        smoothing: Double? = nil, iterations: Int? = nil, prefix: PrefixCalibration? = nil
    ) {
        self.scheme = scheme
        self.method = method
        self.groupSize = groupSize
        self.ignore = ignore
        self.damping = damping
        self.activationOrder = activationOrder
        self.smoothing = smoothing
        self.iterations = iterations
        self.prefix = prefix
    }

    package var runsModel: Bool { prefix != nil }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.quantizing(inputs) }
}
