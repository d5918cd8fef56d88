import Declarations
import Diagnostics

/// Whether teacher and student speak in the same tokens, which their logits are about.
struct TokenizerChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        checkOrigin()
        let steps = pipeline.stepsFromTeacher
        guard let step = steps.first(where: { $0.method.value.needsLogits }), pipeline.teacher.endpoint == nil else { return }
        if let other = mismatch {
            findings.report(
                Diagnostic(
                    .tokenizerMismatch, "'\(step.method.value.rawValue)' compares logits of different vocabularies",
                    at: step.method.span, secondary: other.places, help: other.help))
        }
        for teacher in pipeline.teachers { check(teacher, at: step) }
    }

    /// Teachers of one student speak in the same tokens too.
    private func check(_ further: FurtherTeacher, at step: Transfer.Step) {
        guard let reference = further.origin.reference, pipeline.tokenizer.origin == nil,
            reference.value != pipeline.teacher.origin.reference?.value
        else { return }
        findings.report(
            Diagnostic(
                .tokenizerMismatch, "'\(step.method.value.rawValue)' compares logits of different vocabularies",
                at: step.method.span, secondary: [.init(reference.span, "the tokenizer of '\(further.name.value)'")],
                help: "where all have the same tokenizer, name the model that it is from: 'tokenizer: {from: …}'"))
    }

    /// `teacher` and `student` name an imported model's tokenizer.
    private func checkOrigin() {
        guard let origin = pipeline.tokenizer.origin else { return }
        let model: ModelOrigin
        switch origin.value {
        case "teacher" where pipeline.teacher.endpoint == nil: model = pipeline.teacher.origin
        case "student": model = pipeline.student.origin
        case "teacher":
            findings.report(
                Diagnostic(
                    .conflict, "a teacher behind an endpoint has no tokenizer at hand", at: origin.span,
                    help: "leave 'from' out: a tokenizer is trained on the rows"))
            return
        default: return
        }
        if model.reference == nil {
            findings.report(
                Diagnostic(
                    .conflict, "the \(origin.value) is drawn from scratch, and has no tokenizer of its own", at: origin.span,
                    help: "leave 'from' out: a tokenizer is trained on the rows"))
        }
    }

    private var mismatch: (places: [Diagnostic.Label], help: String)? {
        let (teacher, student) = (pipeline.teacher.origin.reference, pipeline.student.origin.reference)
        let tokenizer = pipeline.tokenizer
        switch (teacher, student) {
        case (nil, nil): return nil
        case (let teacher?, nil):
            guard
                tokenizer.vocabulary.isWritten
                    || tokenizer.origin.map({ $0.value != "teacher" && $0.value != teacher.value }) == true
            else { return nil }
            let other = tokenizer.origin?.span ?? tokenizer.vocabulary.span
            return (
                [.init(other, "the student's"), .init(teacher.span, "the teacher's")], "write 'tokenizer: {from: teacher}'"
            )
        case (nil, let student?):
            if let origin = tokenizer.origin, ["student", student.value].contains(origin.value) { return nil }
            return ([.init(student.span, "the student's; the teacher's is trained")], "write 'tokenizer: {from: student}'")
        case (let teacher?, let student?):
            if teacher.value == student.value || tokenizer.origin != nil { return nil }
            return (
                [.init(teacher.span, "the teacher's"), .init(student.span, "the student's")],
                "where both have the same tokenizer, say so: 'tokenizer: {from: teacher}'"
            )
        }
    }
}

extension Pipeline {
    /// Whether the recipe trains a tokenizer: no model is imported whose own it could use, and none is named.
    package var trainsTokenizer: Bool {
        tokenizer.origin == nil && (teacher.origin.reference == nil || teacher.endpoint != nil)
            && student.origin.reference == nil
    }
}
