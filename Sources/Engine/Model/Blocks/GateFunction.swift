import CKernels

/// What the gate of a feed-forward block goes through, under the names that `config.json` has for it.
enum GateFunction: String, Sendable {
    case silu
    /// In its form with tanh.
    case gelu = "gelu_pytorch_tanh"

    /// The field of `config.json` that names it.
    var field: String { self == .silu ? "hidden_act" : "hidden_activation" }

    /// All names of the same function.
    var names: [String] { self == .silu ? ["silu", "swish"] : ["gelu_pytorch_tanh", "gelu_new"] }

    /// Gate and up [rows, 2·I] → columns of f(gate)·up [rows, I].
    func forward(
        _ gateUp: UnsafeMutablePointer<Float>, into gated: UnsafeMutablePointer<Float>, rows: Int, _ intermediate: Int,
        columns: Range<Int>
    ) {
        switch self {
        case .silu: decant_swiglu_columns(gateUp, gated, rows, intermediate, columns.lowerBound, columns.count)
        case .gelu: decant_geglu_columns(gateUp, gated, rows, intermediate, columns.lowerBound, columns.count)
        }
    }

    /// Gate and up [rows, 2·I] → their gradients; the gradient of f(gate)·up [rows, I] → f(gate)·up. Both in place.
    func backward(
        _ gateUp: UnsafeMutablePointer<Float>, _ gated: UnsafeMutablePointer<Float>, rows: Int, _ intermediate: Int
    ) {
        switch self {
        case .silu: decant_swiglu_backward(gateUp, gated, rows, intermediate)
        case .gelu: decant_geglu_backward(gateUp, gated, rows, intermediate)
        }
    }
}
