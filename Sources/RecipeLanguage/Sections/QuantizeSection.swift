import Diagnostics
import Words

/// `quantize`: how weights are stored in few bits.
package struct QuantizeSection: Sendable {
    /// What GPTQ and QuantEase calibrate a layer on.
    package enum Prefix: String, Word {
        /// On what the float model gives it: statistics that a sweep shares.
        case float
        /// On what the quantized layers before it give.
        case quantized
    }

    package let scheme: Spanned<QuantScheme>
    package let method: Spanned<QuantMethod>
    /// Consecutive inputs that share a scale; 0 is one scale per output channel.
    package let groupSize: Spanned<Int>
    /// Module names, sorted, that stay in float.
    package let ignore: Spanned<[String]>
    /// Rows that methods other than round-to-nearest calibrate on, and the set that they are taken from.
    package let calibrationSamples: Spanned<Int>
    package let data: Spanned<RowSet>
    /// Share of the mean diagonal of the Hessian that is added to it.
    package let damping: Spanned<Double>
    /// How much of the activations' range moves into the weights.
    package let smoothing: Spanned<Double>
    package let activationOrder: Spanned<Bool>
    /// Passes of QuantEase over the columns, at most.
    package let iterations: Spanned<Int>
    package let prefix: Spanned<Prefix>

    enum Definition {
        static let scheme = Field<QuantScheme?>.scheme(
            "scheme", .w8a16, "Bits and types of weights and activations; `none` keeps float.")
        static let method = Field.choice(
            "method", QuantMethod.roundToNearest,
            "Round to nearest, GPTQ, QuantEase, or for W8A8-INT8 SmoothQuant; W8A8-FP8 has `rtn` alone.")
        static let groupSize = Field.integer(
            "group_size", 128, in: 0...16_384,
            "Consecutive inputs that share a scale; 0 is one scale per output channel, as W8A8-INT8 and W8A8-FP8 have.")
        static let ignore = Field<[Spanned<String>]>.words("ignore", default: ["lm_head"], "Modules that stay in float.")
        static let calibrationSamples = Field.integer(
            "num_calibration_samples", 512, in: 1...100_000, "Rows that GPTQ, QuantEase and SmoothQuant calibrate on.")
        static let data = Field.choice("data", RowSet.train, "The set that these rows are taken from.")
        static let damping = Field.share(
            "damping", 0.01, in: 0...1, "Damping of GPTQ and QuantEase, a share of the Hessian's mean diagonal.")
        static let smoothing = Field.number("smoothing", 0.5, in: 0...1, "SmoothQuant's α.")
        static let activationOrder = Field.flag(
            "activation_order", true,
            "Whether GPTQ takes columns in the order of their activations, with the scales of the unchanged weights.")
        static let iterations = Field.integer(
            "iterations", 20, in: 1...1000, "Passes of QuantEase over all columns, at most.")
        static let prefix = Field.choice(
            "prefix", Prefix.float,
            "Whether GPTQ and QuantEase calibrate a layer on the float model, as a sweep can share, or behind quantized layers."
        )
        static let mapping = MappingDefinition(
            "quantize", "How weights are stored in few bits.", mayBeNone: true,
            [
                scheme, method, groupSize, ignore, calibrationSamples, data, damping, smoothing, activationOrder, iterations,
                prefix,
            ])
    }

    /// `nil` where the recipe quantizes nothing.
    init?(reading recipe: Fields) {
        guard let fields = recipe.optionalSection(Pipeline.Definition.quantize) else { return nil }
        let written = fields[Definition.scheme]
        scheme = written.map { $0 ?? .w8a16 }
        method = fields[Definition.method]
        groupSize = fields.value(
            Definition.groupSize, default: scheme.value.roundsActivations ? 0 : Definition.groupSize.standard)
        let ignored = fields.value(Definition.ignore, default: [fields.standard("ignore", "lm_head")])
        for module in ignored.value where !Self.modules.contains(module.value) {
            fields.report(.unknownValue(module.value, of: "quantize.ignore", among: Self.modules, at: module.span))
        }
        ignore = ignored.map { $0.map(\.value).sorted() }
        calibrationSamples = fields[Definition.calibrationSamples]
        data = fields[Definition.data]
        damping = fields[Definition.damping]
        smoothing = fields[Definition.smoothing]
        activationOrder = fields[Definition.activationOrder]
        iterations = fields[Definition.iterations]
        prefix = fields[Definition.prefix]
        guard written.value != nil else { return nil }
        if written.isWritten || fields.node("scheme") == nil { checkMethod(fields) }
    }

    private static let modules = ["lm_head", "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    /// What the compressed-tensors layout has no words for is refused here, not when the model is written.
    private func checkMethod(_ fields: Fields) {
        let possible = scheme.value.methods
        if !possible.contains(method.value) {
            fields.report(
                Diagnostic(
                    .badScheme, "'\(scheme.value.spelling)' cannot be made by '\(method.value.spelling)'", at: method.span,
                    secondary: scheme.isWritten ? [.init(scheme.span)] : [],
                    help: "possible: \(possible.map(\.spelling).joined(separator: ", "))"))
        }
        if !groupSize.value.isMultiple(of: 8) {
            let nearest = (groupSize.value + 4) / 8 * 8
            fields.report(
                Diagnostic(
                    .badGroup, "'group_size' must be a multiple of 8", at: groupSize.span,
                    help: "the nearest possible value is \(nearest)\(nearest == 0 ? ": one scale per output channel" : "")"))
        }
        if scheme.value.roundsActivations, groupSize.value != 0 {
            fields.report(
                Diagnostic(
                    .badScheme, "'\(scheme.value.spelling)' has one scale per output channel, and no groups",
                    at: groupSize.span,
                    secondary: scheme.isWritten ? [.init(scheme.span)] : [], help: "leave 'group_size' out"))
        }
    }
}

extension Field where Value == QuantScheme? {
    /// A scheme, or `none`.
    fileprivate static func scheme(_ name: String, _ standard: QuantScheme, _ documentation: String) -> Field {
        let known = QuantScheme.allCases.map(\.spelling) + ["none"]
        return Field(name, .choice(known), standard: standard, spelled: standard.spelling, documentation) { node, place in
            let text = node.scalar?.text
            if text == "W8A8" {
                place.report(
                    Diagnostic(
                        .badScheme, "'W8A8' does not say of which type the eight bits are", at: node.span,
                        help: "write W8A8-INT8 or W8A8-FP8"))
                return nil
            }
            return text == "none" ? .some(nil) : word(node, place, among: known).map(Optional.some)
        }
    }
}
