import Declarations
import Diagnostics
import Words

/// Whether what compares answers with what is right has something to compare with.
struct LabelChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        checkReferences()
        checkJudge()
        checkTeacher()
        checkSteps()
    }

    /// Judged answers are sampled ones.
    private func checkReferences() {
        guard pipeline.references.value == .judged, pipeline.sample == nil else { return }
        findings.report(
            .needsAnswers, "'references: judged' takes answers that a judge accepted, and with 'sample: none' there are none",
            at: pipeline.references.span, help: "leave 'sample: none' out")
    }

    /// Rules compare with what rows say; models, programs and the form need not.
    private func checkJudge() {
        let judges = pipeline.judge.judge.judges
        guard let judge = judges.value.first(where: { $0 == .ast || $0 == .exact }) else { return }
        let samples = pipeline.references.value == .judged || pipeline.studentSteps.contains(where: isJudged)
        let judgesTraining = samples && pipeline.sample != nil
        for set in (judgesTraining ? [RowSet.train.rawValue] : []) + pipeline.evaluatedSets {
            guard let source = pipeline.data.unlabelled(in: set).first else { continue }
            findings.report(
                .needsAnswers,
                "the judge '\(judge.rawValue)' compares with what is right, and '\(source.name.value)' does not say it",
                at: judges.span, secondary: [.init(source.reading.expect.span, "of the set '\(set)'")],
                help: "write 'judge: {kind: model, …}', which needs no reference for such rows")
            return
        }
    }

    /// Whether a step learns from answers that were sampled and judged.
    private func isJudged(_ step: Transfer.Step) -> Bool {
        step.method.value == .kd || step.method.value.needsJudgedAnswers
    }

    /// A teacher at hand is corrected on labelled rows.
    private func checkTeacher() {
        let isNeeded = pipeline.stepsFromTeacher.contains { step in
            step.method.value.needsTeacher || step.method.value == .preference
        }
        guard pipeline.teacher.endpoint == nil, isNeeded, !pipeline.teacherTransfer.steps.isEmpty, let source = onlyUnlabelled
        else { return }
        findings.report(
            .needsAnswers, "the teacher is corrected on what rows say is right, and no training row says it",
            at: pipeline.teacherTransfer.field.span, secondary: [.init(source.reading.expect.span)],
            help: "add labelled rows to 'data.ingest.train', or take a teacher behind an 'endpoint'")
    }

    /// A step learns from what rows say, and none does.
    private func checkSteps() {
        guard pipeline.references.value == .rows, let source = onlyUnlabelled else { return }
        let step = pipeline.studentSteps.first { step in
            let method = step.method.value
            let learns = method == .sft || method.samplesAnswers || method == .kd && pipeline.sample == nil
            return learns && step.dataName == Pipeline.ownData
        }
        guard let step else { return }
        findings.report(
            .needsAnswers, "'\(step.method.value.rawValue)' learns from what rows say is right, and no training row says it",
            at: step.method.span, secondary: [.init(source.reading.expect.span)],
            help: "write 'references: judged', or 'RFT' in its place")
    }

    /// The first source where no training row is labelled, as far as the recipe tells.
    private var onlyUnlabelled: RowSource? {
        guard case .ingest(let ingest) = pipeline.data.rows, ingest.train.allSatisfy(\.isUnlabelled) else { return nil }
        return ingest.train.first
    }
}

extension DataSection {
    /// The unlabelled sources whose rows may fall into a set, as far as the recipe tells.
    fileprivate func unlabelled(in set: String) -> [RowSource] { sources(of: set).filter(\.isUnlabelled) }
}
