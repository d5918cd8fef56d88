import Declarations
import Diagnostics
import Words

/// Whether what prompts show, and to whom, is said once and seen by somebody.
struct ViewChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        checkCompression()
        checkGuidance()
        checkPromptShares()
    }

    /// `data.compress_prompt` says what `prompts` says.
    private func checkCompression() {
        let compresses = pipeline.data.compressesPrompts
        guard compresses.value, let view = pipeline.prompts.teacher ?? pipeline.prompts.student else { return }
        findings.report(
            .conflict, "'prompts' and 'data.compress_prompt' both say what prompts show", at: view.span,
            secondary: [.init(compresses.span)], help: "leave 'compress_prompt' out")
    }

    private func checkGuidance() {
        let own = pipeline.task.rows.$instructions
        if !pipeline.instructions.value.isEmpty, !own.value.isEmpty {
            findings.report(
                .conflict, "the instructions are written twice", at: pipeline.instructions.span, secondary: [.init(own.span)],
                help: "keep one of the two")
        }
        guard let guidance = pipeline.guidance, !pipeline.hasTwoViews, pipeline.teacherView == .compressed else { return }
        let written = guidance.instructions.isEmpty ? guidance.$examples.span : guidance.$instructions.span
        findings.report(
            .conflict, "nobody sees them: every prompt is compressed, which takes instructions and examples out", at: written,
            secondary: [.init(pipeline.prompts.teacher?.span ?? pipeline.data.compressesPrompts.span)],
            help: "write 'prompts: {teacher: full, student: compressed}'")
    }

    /// What a teacher says of a prompt is of its own one.
    private func checkPromptShares() {
        guard pipeline.hasTwoViews else { return }
        for step in pipeline.stepsFromTeacher {
            guard case .kd(let distillation) = step.kind, distillation.train.promptShare > 0 else { continue }
            findings.report(
                .conflict, "teacher and student have prompts of their own, and logits are joined by the place in the answer",
                at: distillation.train.$promptShare.span,
                secondary: [pipeline.prompts.teacher, pipeline.prompts.student].compactMap(\.self).map {
                    Diagnostic.Label($0.span)
                },
                help: "leave 'prompt' out")
        }
    }
}
