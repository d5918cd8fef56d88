import Declarations
import Diagnostics
import Words

/// What no section can judge alone: whether the sections of one variant fit together.
struct PipelineChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        checkSets()
        checkStarts()
        TaskChecks(pipeline: pipeline, findings: findings).run()
        TeacherChecks(pipeline: pipeline, findings: findings).run()
        AnswerChecks(pipeline: pipeline, findings: findings).run()
        RewardChecks(pipeline: pipeline, findings: findings).run()
        TokenizerChecks(pipeline: pipeline, findings: findings).run()
        CallFormChecks(pipeline: pipeline, findings: findings).run()
        ViewChecks(pipeline: pipeline, findings: findings).run()
        LabelChecks(pipeline: pipeline, findings: findings).run()
        CaptureChecks(pipeline: pipeline, findings: findings).run()
        checkTopK()
        checkBaseline()
        PruneChecks(pipeline: pipeline, findings: findings).run()
        if let quantize = pipeline.quantize { checkGroups(quantize) }
    }

    /// A model that learns nothing must know something.
    private func checkStarts() {
        let teacher = pipeline.teacher.endpoint == nil ? pipeline.teacher.transfer : nil
        let starts: [(model: String, transfer: Transfer?, origin: ModelOrigin)] = [
            ("student", pipeline.transfer, pipeline.student.origin), ("teacher", teacher, pipeline.teacher.origin),
        ]
        for (model, transfer, origin) in starts {
            guard let transfer, transfer.steps.isEmpty, origin.reference == nil else { continue }
            findings.report(
                .conflict, "the \(model) is drawn at random, learns nothing, and so answers at random", at: transfer.field.span,
                help: "name the model that it starts from: '\(model): {from: SOURCE}'")
        }
    }

    /// Sets that are evaluated or calibrated on must get rows.
    private func checkSets() {
        let held = pipeline.data.setsWithRows
        for set in evaluatedStandardSets + calibrationStandardSets where set.isWritten && !held.contains(set.value) {
            findings.report(
                .emptySet, "the set '\(set.value.rawValue)' has no rows", at: set.span, label: "nothing to work on",
                help: pipeline.data.advice(for: set.value))
        }
        for (pipeline, steps) in pipeline.stepsByData {
            guard let checks = steps.lazy.compactMap(\.training.validation).first,
                !pipeline.data.setsWithRows.contains(.valid)
            else { continue }
            findings.report(
                .emptySet, "the set 'valid' has no rows", at: checks.$every.span, label: "nothing to look at",
                help: pipeline.data.advice(for: .valid).replacing("'data.", with: "'\(pipeline.dataName).", maxReplacements: 1))
        }
    }

    /// The sets that `evaluate` asks for, but for those that `data.ingest.sets` names; a name that is neither is reported.
    private var evaluatedStandardSets: [Spanned<RowSet>] {
        let named = pipeline.data.namedSets.map(\.name.value)
        return (pipeline.evaluate.sets?.value ?? []).filter { !named.contains($0.value) }.compactMap { name in
            if let set = RowSet(rawValue: name.value) { return name.map { _ in set } }
            findings.report(
                .unknownValue(
                    name.value, of: name.field, among: RowSet.allCases.map(\.rawValue) + named, at: name.span))
            return nil
        }
    }

    /// The standard sets that models are calibrated on; a name that is neither a set nor a text is reported.
    private var calibrationStandardSets: [Spanned<RowSet>] {
        pipeline.calibrations.compactMap { calibration in
            switch calibration.origin(in: pipeline.data) {
            case .text: return nil
            case .set: return RowSet(rawValue: calibration.name.value).map { set in calibration.name.map { _ in set } }
            case .unknown:
                let sets = RowSet.allCases.map(\.rawValue) + pipeline.data.namedSets.map(\.name.value)
                findings.report(
                    .unknownValue(
                        calibration.name.value, of: calibration.name.field, among: sets, at: calibration.name.span))
                return nil
            }
        }
    }

    /// No position has more logits than the vocabulary has tokens.
    private func checkTopK() {
        guard pipeline.trainsTokenizer else { return }
        let vocabulary = pipeline.tokenizer.vocabulary.value
        for step in pipeline.studentSteps {
            guard case .kd(let distillation) = step.kind, distillation.capture.k > vocabulary else { continue }
            findings.report(
                .outOfRange(
                    "top_k", allowed: "at most the vocabulary", nearest: "\(vocabulary)", at: distillation.capture.$k.span))
        }
    }

    /// A baseline tunes an encoder, which somebody must name.
    private func checkBaseline() {
        guard let baseline = pipeline.baseline, pipeline.baselineEncoder == nil else { return }
        findings.report(
            .missingField(
                "encoder", in: "'baseline'", at: baseline.field.span,
                help: "write 'baseline: {kind: \(baseline.kind.value.rawValue), encoder: SOURCE}', or name one under "
                    + "'data.retrieve'"))
    }

    /// Groups must fill the rows of every linear layer.
    private func checkGroups(_ quantize: QuantizeSection) {
        let size = quantize.groupSize.value
        guard size > 0, let shape = pipeline.student.origin.shape else { return }
        let pruned = pipeline.prune.map(\.apply)
        let sides = [
            pruned.compactMap { $0.$hidden.unwrapped() }.last ?? shape.$hidden,
            pruned.compactMap { $0.$intermediate.unwrapped() }.last ?? shape.$intermediate,
        ]
        let widths = sides.map(\.value)
        guard !widths.allSatisfy({ $0.isMultiple(of: size) }) else { return }
        guard size.isMultiple(of: 8) else { return }
        let possible = stride(from: 8, through: max(8, min(widths[0], widths[1])), by: 8).filter { divisor in
            widths.allSatisfy { $0.isMultiple(of: divisor) }
        }
        let nearest = possible.min { abs($0 - size) < abs($1 - size) } ?? 0
        findings.report(
            .badGroup, "'group_size' must divide the student's 'hidden' and 'intermediate'", at: quantize.groupSize.span,
            label: "\(size) does not divide \(widths[0]) and \(widths[1])",
            secondary: sides.filter { $0.isWritten && !$0.value.isMultiple(of: size) }.map { .init($0.span) },
            help: "the nearest possible value is \(nearest); 0 means one scale per output channel")
    }
}
