import Declarations
import Words

package enum QuantizationKinds {
    static let kinds: [any StageKind.Type] = [QuantCalibrate.self, QuantApply.self]
}

/// Calibration rows.
package struct Calibration: ParameterGroup {
    @Spanned package var samples = 512
    @Spanned package var set = RowSet.train.rawValue
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var length: Int? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$samples, .calibrationRows), .init(\.$set, .calibrationSet), .init(\.$prompt, .prompt),
        .init(\.$length, .calibrationLength),
    ]
}

/// Statistics of what each linear module reads: H = XᵀX for GPTQ and QuantEase, its diagonal for `imatrix`, ranges for
/// SmoothQuant.
///
/// Inputs: `model`, `data` (of `data.split`) or `text` (a text, or records with `text`).
/// Output: `statistics.safetensors`; all methods, schemes and group sizes share it.
package struct QuantCalibrate: StageKind {
    package static let declaration = KindDeclaration(
        "quant.calibrate", revision: 1, inputs: [.required("model"), .optional("data"), .optional("text")],
        output: "`statistics.safetensors`")

    @Spanned package var samples = 512
    @Spanned package var set = RowSet.train.rawValue
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var length: Int? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$samples, .calibrationRows, at: "num_calibration_samples"), .init(\.$set, .calibrationSet, at: .elsewhere),
        .init(\.$prompt, .prompt, at: .elsewhere), .init(\.$length, .calibrationLength, at: .elsewhere),
    ]

    package var runsModel: Bool { true }
    package func operations(_ workload: Workload) -> Double? { workload.passes(2, over: set, atMost: samples) }
}

/// Quantizes a model's linear layers.
///
/// Inputs: `model`; `statistics` (of `quant.calibrate`) for every method but round to nearest, or with `prefix` `data` (of
/// `data.split`) or `text`.
/// Output: a model folder in the compressed-tensors layout (`pack-quantized`, for W8A8-INT8 `int-quantized`, for W8A8-FP8
/// `float-quantized`), or for llama.cpp's mixes with `model.gguf`, and `quantization.json` (errors per layer, bytes).
package struct QuantApply: StageKind {
    package static let declaration = KindDeclaration(
        "quant.apply", revision: 2,
        inputs: [.required("model"), .optional("statistics"), .optional("data"), .optional("text")],
        output: "a compressed-tensors model folder, or one with `model.gguf`; `quantization.json`")

    @Spanned package var scheme = QuantScheme.w8a16
    @Spanned package var method = QuantMethod.roundToNearest
    @Spanned package var groupSize = 128
    /// Sorted module names, without their prefix, that stay in float: `lm_head`.
    @Spanned package var ignore = ["lm_head"]
    @Spanned package var damping: Double? = nil
    @Spanned package var activationOrder: Bool? = nil
    @Spanned package var smoothing: Double? = nil
    @Spanned package var iterations: Int? = nil
    @Spanned package var prefix: Calibration? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$scheme, .choice("scheme", "Bits and types of weights and activations; `none` keeps float."), at: .elsewhere),
        .init(
            \.$method,
            .choice(
                "method",
                "Round to nearest, GPTQ, QuantEase, or for W8A8-INT8 SmoothQuant; W8A8-FP8 has `rtn` alone. The scales of Q4_K_M, "
                    + "Q5_K_M and Q6_K are searched by the importance of inputs (`imatrix`) or by the weights alone (`rtn`).")),
        .init(
            \.$groupSize,
            .integer(
                "group_size", in: 0...16_384,
                "Consecutive inputs that share a scale; 0 is one scale per output channel, as W8A8-INT8 and W8A8-FP8 have, or for "
                    + "Q4_K_M, Q5_K_M and Q6_K what their types have.")),
        .init(\.$ignore, .modules),
        .init(
            \.$damping,
            .share("damping", in: 0...1, "Damping of GPTQ and QuantEase, a share of the Hessian's mean diagonal."),
            when: { $0.readsHessians }, standard: 0.01),
        .init(
            \.$activationOrder,
            .flag(
                "activation_order",
                "Whether GPTQ takes columns in the order of their activations, with the scales of the unchanged weights."),
            when: { $0.isGPTQ }, standard: true),
        .init(\.$smoothing, .number("smoothing", in: 0...1, "SmoothQuant's α."), when: { $0.smooths }, standard: 0.5),
        .init(
            \.$iterations, .integer("iterations", in: 1...1000, "Passes of QuantEase over all columns, at most."),
            when: { $0.iterates }, standard: 20),
        .init(
            \.$prefix, "prefix",
            "Rows that GPTQ and QuantEase calibrate each layer on, behind the quantized layers, in place of `statistics`."),
    ]
    package static let otherStandards = [QuantApply(method: .gptq)]
    package static let choosing: Set<String> = ["method"]

    private var readsHessians: Spanned<Bool> { $method.map(\.readsHessians) }
    private var isGPTQ: Spanned<Bool> { $method.map { $0 == .gptq } }
    private var smooths: Spanned<Bool> { $method.map { $0 == .smoothQuant } }
    private var iterates: Spanned<Bool> { $method.map { $0 == .quantEase } }

    package mutating func settle() {
        settleParameters()
        $groupSize = $groupSize.or($scheme) { $0.hasGroups ? Self.standard.groupSize : 0 }
        $ignore = $ignore.or($scheme) { $0.isMix ? [] : Self.standard.ignore }
        ignore.sort()
    }

    package var runsModel: Bool { prefix != nil }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.quantizing(inputs) }
    package func operations(_ workload: Workload) -> Double? {
        prefix.map { workload.passes(2, over: $0.set, atMost: $0.samples) } ?? 0
    }
}

extension Field where Value == Int {
    fileprivate static var calibrationRows: Field {
        .integer("samples", in: 1...100_000, "Rows, or sequences of a text, that all methods but `rtn` calibrate on.")
    }
}

extension Field where Value == [String] {
    /// Some families have one matrix for queries, keys and values, and one for gate and up.
    private static let known = ["lm_head"] + AdapterTarget.allCases.map(\.rawValue) + ["qkv_proj", "gate_up_proj"]

    /// Linear modules without their prefix.
    fileprivate static var modules: Field {
        let module = Field<String>(
            "ignore", .text, standard: nil, nothing: "", "Modules that stay in float.", spell: { $0 }
        ) { node, place in
            guard let text = node.scalar?.text, !node.isNull else {
                place.report(.wrongType(place.field, wants: "a list of words", found: node))
                return nil
            }
            if !known.contains(text) { place.report(.unknownValue(text, of: place.field, among: known, at: node.span)) }
            return text
        }
        return Field<[Spanned<String>]>.list(of: module, isSet: true).plain()
    }
}
