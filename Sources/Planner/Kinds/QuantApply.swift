/// Quantizes a model's linear layers, round to nearest, symmetric.
///
/// Inputs: `model`.
/// Output: a model folder in the compressed-tensors layout and `quantization.json` (relative error per layer, bytes).
public struct QuantApply: StageKind {
    public static let name = "quant.apply"
    public static let revision = 1

    public enum Scheme: String, Codable, Hashable, Sendable, CaseIterable {
        case w8a16 = "W8A16"
        case w4a16 = "W4A16"

        public var bits: Int { self == .w8a16 ? 8 : 4 }
    }

    public enum Method: String, Codable, Hashable, Sendable, CaseIterable {
        case roundToNearest = "rtn"
    }

    public var scheme: Scheme
    public var method: Method
    /// Consecutive inputs that share a scale; 0 is one scale per output channel.
    public var groupSize: Int
    /// Sorted module names, without their prefix, that stay in float: `lm_head`.
    public var ignore: [String]

    public init(scheme: Scheme, method: Method, groupSize: Int, ignore: [String]) {
        self.scheme = scheme
        self.method = method
        self.groupSize = groupSize
        self.ignore = ignore
    }
}
