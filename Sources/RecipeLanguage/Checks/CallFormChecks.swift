import Declarations
import Diagnostics
import Words

/// Whether the forms in which imported models call functions fit together.
struct CallFormChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        checkStages()
        checkLogits()
    }

    /// A stage of the recipe's own says itself in which form its model calls.
    private func checkStages() {
        for origin in [pipeline.teacher.origin, pipeline.student.origin] + pipeline.teachers.map(\.origin) {
            guard let answer = origin.answer, let from = origin.reference,
                pipeline.stages.contains(where: { $0.name.value == from.value })
            else { continue }
            findings.report(
                .conflict, "'answer' stands beside a source, and '\(from.value)' is a stage of the recipe's own",
                at: answer.span,
                secondary: [.init(from.span, "a stage")],
                help: "write 'answer' among the 'parameters' of the stage that imports the model")
        }
    }

    /// Logits are of a teacher's answers, token by token.
    private func checkLogits() {
        guard pipeline.teacher.endpoint == nil, let student = pipeline.student.origin.answer,
            let step = pipeline.stepsFromTeacher.first(where: { $0.method.value.needsLogits })
        else { return }
        let teachers = [pipeline.teacher.origin] + pipeline.teachers.map(\.origin)
        guard let teacher = teachers.lazy.compactMap(\.answer).first(where: { $0.value != student.value }) else { return }
        findings.report(
            .conflict, "'\(step.method.value.rawValue)' compares logits of answers in different forms", at: teacher.span,
            label: "the teacher's", secondary: [.init(student.span, "the student's")],
            help: "write the same 'answer' for both, or 'RFT' in place of '\(step.method.value.rawValue)'")
    }
}
