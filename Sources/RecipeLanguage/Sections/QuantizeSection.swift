import Declarations
import Diagnostics
import Kinds
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

    package let apply: QuantApply
    /// The rows that methods other than round-to-nearest calibrate on.
    package let calibrate: QuantCalibrate
    /// What these methods calibrate on.
    package let data: CalibrationData

    package var scheme: Spanned<QuantScheme> { apply.$scheme }
    package var method: Spanned<QuantMethod> { apply.$method }
    package var groupSize: Spanned<Int> { apply.$groupSize }

    enum Definition {
        static let scheme = Field<QuantScheme?>.scheme
        static let data = CalibrationData.Definition.field(
            "data", standard: RowSet.train.rawValue, "What these methods calibrate on: a set of rows, or a text.")
        static let prefix = Field.choice(
            "prefix", Prefix.float,
            "Whether GPTQ and QuantEase calibrate a layer on the float model, as a sweep can share, or behind quantized layers."
        )
        static let mapping = MappingDefinition(
            "quantize", "How weights are stored in few bits.", mayBeNone: true,
            [scheme] + QuantApply.fields() + QuantCalibrate.fields() + [data, prefix],
            order: [
                "scheme", "method", "group_size", "ignore", "num_calibration_samples", "data", "damping", "smoothing",
            ])
    }

    /// `nil` where the recipe quantizes nothing.
    init?(reading recipe: Fields, references: References) {
        guard let fields = recipe.optionalSection(Pipeline.Definition.quantize) else { return nil }
        let written = fields[Definition.scheme]
        var apply = QuantApply.standard
        apply.read(fields)
        apply.$scheme = written.map { $0 ?? QuantApply.standard.scheme }
        var calibrate = QuantCalibrate.standard
        calibrate.read(fields)
        data = CalibrationData(reading: Definition.data, in: fields, references: references)
        data.decide(&calibrate.$samples, in: fields, "num_calibration_samples")
        apply.readPrefix(fields[Definition.prefix], calibrate)
        apply.settle()
        (self.apply, self.calibrate) = (apply, calibrate)
        guard written.value != nil else { return nil }
        if written.isWritten || fields.node("scheme") == nil { checkMethod(fields) }
    }

    /// What the layout has no words for is refused here, not when the model is written.
    private func checkMethod(_ fields: Fields) {
        let possible = scheme.value.methods
        if !possible.contains(method.value) {
            fields.report(
                .badScheme, "'\(scheme.value.spelling)' cannot be made by '\(method.value.spelling)'", at: method.span,
                secondary: scheme.isWritten ? [.init(scheme.span)] : [],
                help: "possible: \(possible.map(\.spelling).joined(separator: ", "))")
        }
        if !groupSize.value.isMultiple(of: 8) {
            let nearest = (groupSize.value + 4) / 8 * 8
            fields.report(
                .badGroup, "'group_size' must be a multiple of 8", at: groupSize.span,
                help: "the nearest possible value is \(nearest)\(nearest == 0 ? ": one scale per output channel" : "")")
        }
        let place = scheme.isWritten ? [Diagnostic.Label(scheme.span)] : []
        if !scheme.value.hasGroups, groupSize.value != 0 {
            let reason = scheme.value.isMix ? "has groups of its own" : "has one scale per output channel, and no groups"
            fields.report(
                .badScheme, "'\(scheme.value.spelling)' \(reason)", at: groupSize.span, secondary: place,
                help: "leave 'group_size' out")
        }
        if scheme.value.isMix, !apply.ignore.isEmpty {
            fields.report(
                .badScheme, "'\(scheme.value.spelling)' decides by itself what each module becomes", at: apply.$ignore.span,
                secondary: place, help: "leave 'ignore' out")
        }
    }
}

extension QuantApply {
    /// Takes the calibration rows into the stage itself, where it reads them behind quantized layers.
    fileprivate mutating func readPrefix(_ prefix: Spanned<QuantizeSection.Prefix>, _ rows: QuantCalibrate) {
        guard method.readsHessians, prefix.value == .quantized else {
            $prefix = prefix.value == .quantized ? $method.map { _ in nil } : prefix.map { _ in nil }
            return
        }
        var calibration = Calibration.standard
        calibration.$samples = rows.$samples
        $prefix = prefix.map { _ in calibration }
    }
}

extension Field where Value == QuantScheme? {
    /// A scheme, or `none`.
    fileprivate static var scheme: Field {
        let known = QuantScheme.allCases.map(\.spelling) + ["none"]
        return Field(
            "scheme", .choice(known), standard: QuantApply.standard.scheme, nothing: nil,
            "Bits and types of weights and activations; `none` keeps float.", spell: { $0?.spelling }
        ) { node, place in
            let text = node.scalar?.text
            if text == "W8A8" {
                place.report(
                    .badScheme, "'W8A8' does not say of which type the eight bits are", at: node.span,
                    help: "write W8A8-INT8 or W8A8-FP8")
                return nil
            }
            return text == "none" ? .some(nil) : readWord(node, place, among: known).map(Optional.some)
        }
    }
}
