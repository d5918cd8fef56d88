/// Quantizes a model's linear layers.
///
/// Inputs: `model`; `statistics` (of `quant.calibrate`) for every method but round to nearest, or with `prefix` `data` (of
/// `data.split`).
/// Output: a model folder in the compressed-tensors layout (`pack-quantized`, for W8A8-INT8 `int-quantized`, for W8A8-FP8
/// `float-quantized`) and `quantization.json` (errors per layer, bytes).
public struct QuantApply: StageKind {
    public static let name = "quant.apply"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = [
        .required("model"), .optional("statistics"), .optional("data"),
    ]

    public enum Scheme: String, Codable, Hashable, Sendable, CaseIterable {
        case w8a16 = "W8A16"
        case w4a16 = "W4A16"
        /// INT8 weights and activations.
        case w8a8Int8 = "W8A8-INT8"
        /// E4M3 weights and activations.
        case w8a8Float8 = "W8A8-FP8"

        public var bits: Int { self == .w4a16 ? 4 : 8 }
    }

    public enum Method: String, Codable, Hashable, Sendable, CaseIterable {
        case roundToNearest = "rtn"
        case gptq
        case quantEase = "quantease"
        case smoothQuant = "smoothquant"
    }

    public var scheme: Scheme
    public var method: Method
    /// Consecutive inputs that share a scale; 0 is one scale per output channel.
    public var groupSize: Int
    /// Sorted module names, without their prefix, that stay in float: `lm_head`.
    public var ignore: [String]
    /// Of GPTQ and QuantEase: share of the mean diagonal added to the Hessian.
    public var damping: Double?
    /// Of GPTQ alone.
    public var activationOrder: Bool?
    /// Of SmoothQuant alone: α.
    public var smoothing: Double?
    /// Of QuantEase alone: passes over the columns at most.
    public var iterations: Int?
    /// Of GPTQ and QuantEase: calibrates each layer on what the quantized layers before it give, in place of `statistics`.
    public var prefix: PrefixCalibration?

    /// Calibration rows, which pass through the model as it is being quantized.
    public struct PrefixCalibration: Codable, Hashable, Sendable {
        public var samples: Int
        public var set: String
        public var prompt: PromptStyle

        public init(samples: Int, set: String, prompt: PromptStyle) {
            self.samples = samples
            self.set = set
            self.prompt = prompt
        }
    }

    public init(
        scheme: Scheme, method: Method, groupSize: Int, ignore: [String], damping: Double? = nil, activationOrder: Bool? = nil,
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

    public var runsModel: Bool { prefix != nil }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.quantizing(inputs) }
}
