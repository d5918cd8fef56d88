import Declarations
import Diagnostics

/// Whether the teacher can give what the student's steps ask of it.
struct TeacherChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        checkStars()
        checkLogits()
        checkFurtherTeachers()
    }

    /// Further teachers score answers for KD; nothing else asks for them.
    private func checkFurtherTeachers() {
        guard let further = pipeline.teachers.first, !steps.contains(where: { $0.method.value == .kd }) else { return }
        findings.report(
            Diagnostic(
                .conflict, "'teachers' are asked by KD alone, and no step is a KD", at: further.name.span,
                secondary: steps.first.map { [.init($0.method.span)] } ?? [], help: "leave 'teachers' out, or write a KD step"))
    }

    private var steps: [Transfer.Step] { pipeline.stepsFromTeacher }

    /// A `*` asks for a teacher that reinforcement learning has taught to reason.
    private func checkStars() {
        guard let star = steps.lazy.compactMap(\.star).first else { return }
        if let endpoint = pipeline.teacher.endpoint {
            findings.report(
                Diagnostic(
                    .needsReinforcement, "'*' asks for an RL-trained teacher, and one behind an endpoint is not trained",
                    at: star,
                    secondary: [.init(endpoint.url.span, "the teacher")], help: "leave the '*' out, or train a teacher"))
        } else if let written = pipeline.teacher.transfer, !written.steps.contains(where: { $0.method.value == .reinforcement })
        {
            findings.report(
                Diagnostic(
                    .needsReinforcement, "'*' asks for an RL-trained teacher", at: star,
                    secondary: [.init(written.field.span, "the teacher learns without RL")],
                    help: "add '+RL' to 'teacher.transfer', or leave it out: the teacher then learns by SFT+RL"))
        }
    }

    /// An endpoint answers in text; logits need a model at hand.
    private func checkLogits() {
        guard let endpoint = pipeline.teacher.endpoint, let step = steps.first(where: { $0.method.value.needsLogits }) else {
            return
        }
        let span = step.method.span
        findings.report(
            Diagnostic(
                .needsLogits, "'\(step.method.value.rawValue)' needs the teacher's logits, and an endpoint gives none",
                at: span,
                secondary: endpoint.url.span == span ? [] : [.init(endpoint.url.span, "the teacher")],
                help: "write 'transfer: RFT', or take the teacher 'from' a source"))
    }
}
