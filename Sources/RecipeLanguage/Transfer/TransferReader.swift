import Declarations
import Diagnostics
import Kinds
import SpannedYAML
import Words

/// Reads one transfer field and gives its steps meaning.
struct TransferReader {
    let field: Spanned<Void>
    let learner: Transfer.Learner
    /// `nil` where the recipe leaves the field out.
    private let node: Node?
    private let findings: Findings

    static let mostSteps = 16

    init(_ field: RawField, in fields: Fields, _ learner: Transfer.Learner) {
        node = fields.node(field.name)
        let span = node?.span ?? fields.entry(field.name)?.key.span ?? fields.anchor
        self.field = Spanned((), at: span, field: fields.fullName(of: field.name), isWritten: node != nil)
        self.learner = learner
        findings = fields.findings
    }

    /// Whether nothing is to be learned.
    var isNone: Bool { node?.scalar?.text == "none" }

    /// `nil` where nothing is written, or where it cannot be read; that is reported then.
    func read() -> [Transfer.Step]? {
        guard let node, let written = written(node) else { return nil }
        if written.count > Self.mostSteps {
            findings.report(
                .transferSyntax, "a transfer has \(Self.mostSteps) steps at most", at: written[Self.mostSteps].method.span,
                help: "leave steps out")
            return nil
        }
        let steps = written.map(step)
        return steps.contains { $0 == nil } || steps.isEmpty ? nil : steps.compactMap { $0 }
    }

    /// Steps with all their defaults.
    func standard(_ methods: [Transfer.Method]) -> [Transfer.Step] {
        methods.map { method in
            let options = options(of: method, [])
            return Transfer.Step(
                method: Spanned(method, at: field.span, field: field.field, isWritten: false), star: nil,
                kind: training(method, options, loss: mixture([], nil)))
        }
    }

    private func written(_ node: Node) -> [WrittenStep]? {
        if let elements = node.sequence {
            if elements.isEmpty { findings.report(.emptyList(field.field, at: node.span)) }
            return elements.isEmpty ? nil : LongForm(field: field.field, findings: findings).steps(elements)
        }
        if node.mapping != nil { return LongForm(field: field.field, findings: findings).steps([node]) }
        guard let text = node.scalar?.text else {
            findings.report(.wrongType(field.field, wants: "the transfer notation or a list of steps", found: node))
            return nil
        }
        do throws(TransferSyntax.Failure) {
            return try TransferParser.parse(text).steps.map { WrittenStep($0, in: node) }
        } catch {
            findings.report(
                .transferSyntax, error.message, at: node.span(ofText: error.range),
                help: error.help ?? "examples: KD, RFT, KD[0.5FKL+0.5CE], \"SFT(steps: 600)\"")
            return nil
        }
    }

    private func step(_ written: WrittenStep) -> Transfer.Step? {
        guard let method = method(written) else { return nil }
        if let star = written.star, !method.value.needsTeacher || method.value == .onPolicy {
            findings.report(
                .transferStar, "'\(method.value.rawValue)' learns from no answers of a teacher, and takes no '*'", at: star,
                help: "'*' belongs to RFT and KD: RFT*, KD*")
        }
        if !method.value.needsLogits, let mixture = written.mixture {
            let loss =
                switch method.value {
                case .reinforcement: "the clipped policy loss"
                case .preference: "the preference loss"
                default: "cross entropy"
                }
            findings.report(
                .transferLoss, "'\(method.value.rawValue)' has one loss, \(loss), and takes no mixture", at: mixture,
                help: "leave the brackets out, or write 'KD'")
        }
        let options = options(of: method.value, written.options)
        let loss = method.value.needsLogits ? mixture(written.terms, written.mixture) : mixture([], nil)
        var step = Transfer.Step(method: method, star: written.star, kind: training(method.value, options, loss: loss))
        if options.definition.names.contains(Transfer.Step.teacherField.name) {
            step.teacher = options.written(Transfer.Step.teacherField)
        }
        step.data = options.written(Transfer.Step.dataField)
        step.continuation = Continuation(reading: options, of: step)
        check(step)
        return step
    }

    /// A teacher that learns has nobody to learn from, and one that reasons is the recipe's own.
    private func check(_ step: Transfer.Step) {
        guard let teacher = step.teacher else { return }
        let method = step.method.value
        if !method.needsTeacher, method != .preference {
            findings.report(
                .conflict, "'\(method.rawValue)' learns from no teacher", at: teacher.span, help: "leave 'teacher' out")
        } else if learner == .teacher {
            findings.report(
                .conflict, "'\(field.field)' is how a teacher learns, and nobody teaches it", at: teacher.span,
                help: "leave 'teacher' out")
        } else if let star = step.star, teacher.value != Pipeline.ownTeacher {
            findings.report(
                .transferStar, "'*' asks for the recipe's teacher, which learns to reason, and the step names another one",
                at: star, secondary: [.init(teacher.span)], help: "leave the '*' out, or 'teacher'")
        }
    }

    private func method(_ written: WrittenStep) -> Spanned<Transfer.Method>? {
        let (text, span) = written.method
        guard let method = Transfer.Method(rawValue: text) else {
            findings.report(.unknownValue(text, of: field.field, among: Transfer.Method.allCases.map(\.rawValue), at: span))
            return nil
        }
        guard learner.methods.contains(method) else {
            findings.report(
                .conflict, "'\(method.rawValue)' learns from a teacher, and '\(field.field)' has none", at: span,
                help: "possible here: \(learner.methods.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return Spanned(method, at: span, field: field.field)
    }

    private func training(_ method: Transfer.Method, _ options: Fields, loss: Spanned<[LossTerm]>) -> Transfer.Training {
        let steps = learner.steps(of: method)
        return switch method {
        case .sft: .sft(TrainSFT(reading: options, steps: steps))
        case .rft: .rft(TrainSFT(reading: options, steps: steps))
        case .kd: .kd(Distillation(reading: options, loss: loss, steps: steps))
        case .onPolicy: .onPolicy(KDOnPolicy(reading: options, loss: loss, steps: steps))
        case .reinforcement: .reinforcement(RLTrain(reading: options, steps: steps))
        case .preference: .preference(DPOTrain(reading: options, steps: steps))
        }
    }

    /// Options as fields, so that they are read like every other field.
    private func options(of method: Transfer.Method, _ written: [Node.Entry]) -> Fields {
        var entries: [Node.Entry] = []
        for option in written {
            if let first = entries.first(where: { $0.name == option.name }) {
                findings.report(.repeated(option.name, in: method.rawValue, at: option.key.span, first: first.key.span))
            } else {
                entries.append(option)
            }
        }
        return Fields(
            Self.definitions[method] ?? Self.longForm, path: field.field, owner: "'\(method.rawValue)'", anchor: field.span,
            entries: entries, findings: findings)
    }

    private func mixture(_ terms: [WrittenStep.Term], _ span: SourceSpan?) -> Spanned<[LossTerm]> {
        let name = "\(field.field).loss"
        guard let first = terms.first, let last = terms.last else {
            let standard = LossTerm(.forwardKL)
            return Spanned([standard], at: field.span, field: name, isWritten: false)
        }
        var places: [Loss: SourceSpan] = [:]
        var mixture: [LossTerm] = []
        for written in terms {
            guard let term = LossReader(field: name, findings: findings).term(written) else { continue }
            if let earlier = places.updateValue(written.loss.span, forKey: term.loss) {
                findings.report(.repeated(term.loss.rawValue, in: field.field, at: written.loss.span, first: earlier))
            } else {
                mixture.append(term)
            }
        }
        checkVocabularies(places)
        let ordered = Loss.allCases.compactMap { loss in mixture.first { $0.loss == loss } }
        return Spanned(ordered, at: first.span.extended(to: last.span), field: name)
    }
}

extension TransferReader {
    /// A loss between two vocabularies stands alone, or beside cross entropy.
    private func checkVocabularies(_ places: [Loss: SourceSpan]) {
        let losses = Loss.allCases.filter { places[$0] != nil && $0 != .crossEntropy }
        guard let bridging = losses.first(where: \.bridgesVocabularies), let place = places[bridging],
            let other = losses.first(where: { $0 != bridging }), let otherPlace = places[other]
        else { return }
        findings.report(
            .transferLoss, "'\(bridging.rawValue)' and '\(other.rawValue)' do not go together", at: otherPlace,
            secondary: [.init(place, "compares tokens of two vocabularies")], help: "keep one of the two; CE goes with both")
    }

    /// The options of each method, in parentheses or as fields of the long form.
    static let definitions: [Transfer.Method: MappingDefinition] = [
        .sft: fineTuning, .rft: fineTuning,
        .kd: MappingDefinition(
            "KD", "Distillation from captured logits.", Distillation.fields + named, order: ["temperature", "top_k"]),
        .onPolicy: MappingDefinition("oKD", "Distillation on the student's own answers.", KDOnPolicy.options + named),
        .reinforcement: MappingDefinition("RL", "Rewarded rollouts.", RLTrain.options + [Transfer.Step.dataField]),
        .preference: MappingDefinition("DPO", "Accepted against rejected answers.", DPOTrain.options + named),
    ]

    /// Whom and what a step may name.
    private static let named: [any DefinedField] = [Transfer.Step.teacherField, Transfer.Step.dataField]

    private static let fineTuning = MappingDefinition(
        "SFT, RFT", "Fine-tuning.", TrainSFT.fields() + TrainingParameters.Definition.validatedFields + named)

    static let stepField = Field.text("step", required: true, "`SFT`, `RFT`, `KD`, `oKD`, `RL` or `DPO`, with or without `*`.")
    static let lossField = RawField(
        "loss", .either([.text, .named(.share(0...100))]), standard: "`FKL`",
        "KD and oKD: a mixture such as `0.5FKL+0.5CE`, or a mapping of losses to weights.")
    /// A step as a mapping: its name, its loss, and the options of all methods.
    static let longForm = MappingDefinition(
        "transfer", "A step of the long form: `step`, `loss`, and the options that its method takes.",
        ([stepField, lossField] + Distillation.fields + KDOnPolicy.options + RLTrain.options + DPOTrain.options + named)
            .distinct,
        order: ["step", "loss", "temperature", "top_k"])
}

extension [any DefinedField] {
    /// The first field of each name.
    fileprivate var distinct: [any DefinedField] {
        var seen: Set<String> = []
        return filter { seen.insert($0.definition.name).inserted }
    }
}
