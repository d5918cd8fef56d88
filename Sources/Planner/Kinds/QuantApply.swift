/// Quantizes a model's linear layers.
///
/// Inputs: `model`, `statistics` (of `quant.calibrate`) for every method but round to nearest.
/// Output: a model folder in the compressed-tensors layout and `quantization.json` (relative error per layer, bytes).
public struct QuantApply: StageKind {
    public static let name = "quant.apply"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .optional("statistics")]

    public enum Scheme: String, Codable, Hashable, Sendable, CaseIterable {
        case w8a16 = "W8A16"
        case w4a16 = "W4A16"
        case w8a8 = "W8A8"

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
    /// Of GPTQ alone: share of the mean diagonal added to the Hessian.
    public var damping: Double?
    /// Of GPTQ alone.
    public var activationOrder: Bool?
    /// Of SmoothQuant alone: α.
    public var smoothing: Double?

    public init(
        scheme: Scheme, method: Method, groupSize: Int, ignore: [String], damping: Double? = nil, activationOrder: Bool? = nil,
        smoothing: Double? = nil
    ) {
        self.scheme = scheme
        self.method = method
        self.groupSize = groupSize
        self.ignore = ignore
        self.damping = damping
        self.activationOrder = activationOrder
        self.smoothing = smoothing
    }
}
