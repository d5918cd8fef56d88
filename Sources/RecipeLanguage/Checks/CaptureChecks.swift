import Declarations
import Diagnostics
import Kinds
import Words

/// Whether a teacher's logits can be had as a distillation's `capture` says.
struct CaptureChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        for step in pipeline.studentSteps {
            guard case .kd(let distillation) = step.kind, distillation.scope.value != .all else { continue }
            checkViews(distillation.scope)
            if distillation.scope.value == .nothing, step.teacher == nil { checkThatOneTeaches(distillation.scope) }
        }
    }

    /// Which rows a training reads follows from their lengths, and those are of its own prompts.
    private func checkViews(_ scope: Spanned<CaptureScope>) {
        guard pipeline.hasTwoViews else { return }
        findings.report(
            .conflict,
            "teacher and student have prompts of their own, and logits of all rows are joined by the place in the answer",
            at: scope.span,
            secondary: [pipeline.prompts.teacher, pipeline.prompts.student].compactMap(\.self).map {
                Diagnostic.Label($0.span)
            },
            help: "leave 'capture' out")
    }

    private func checkThatOneTeaches(_ scope: Spanned<CaptureScope>) {
        guard let other = pipeline.teachers.first(where: { $0.endpoint == nil }) else { return }
        findings.report(
            .conflict, "the student learns from several teachers, and one alone reads along", at: scope.span,
            secondary: [.init(other.name.span)],
            help: "write 'capture: used', or name one: 'teacher: \(Pipeline.ownTeacher)'")
    }
}
