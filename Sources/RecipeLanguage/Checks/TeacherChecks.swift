import Declarations
import Diagnostics

/// Whether the teacher can give what the student's steps ask of it.
struct TeacherChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        checkStars()
        checkLogits()
        checkNames()
        checkFurtherTeachers()
    }

    /// What steps name must be there.
    private func checkNames() {
        let teachers = [Pipeline.ownTeacher] + pipeline.teachers.map(\.name.value)
        let datasets = [Pipeline.ownData] + pipeline.datasets.map(\.name.value)
        for step in pipeline.allSteps {
            for (name, known) in [(step.teacher, teachers), (step.data, datasets)] {
                guard let name, !known.contains(name.value) else { continue }
                findings.report(.unknownValue(name.value, of: name.field, among: known, at: name.span))
            }
        }
        for step in pipeline.studentSteps where step.method.value.needsLogits {
            guard let name = step.teacher, let endpoint = pipeline.furtherTeacher(of: step)?.endpoint else { continue }
            findings.report(
                .needsLogits, "'\(step.method.value.rawValue)' needs the teacher's logits, and an endpoint gives none",
                at: name.span, secondary: [.init(endpoint.url.span, "the teacher")],
                help: "write 'RFT(teacher: \(name.value))'")
        }
    }

    /// KD that names nobody asks all teachers that are at hand; others are asked by name.
    private func checkFurtherTeachers() {
        let named = Set(pipeline.studentSteps.compactMap(\.teacher?.value))
        let asksAll = steps.contains { $0.method.value == .kd && $0.teacher == nil }
        let answers = pipeline.sample != nil && steps.contains { $0.sharesAnswers }
        guard
            let further = pipeline.teachers.first(where: {
                !named.contains($0.name.value) && !(asksAll && $0.endpoint == nil) && !(answers && $0.answers != nil)
            })
        else { return }
        findings.report(
            .conflict, "no step asks the teacher '\(further.name.value)'", at: further.name.span,
            secondary: steps.first.map { [.init($0.method.span)] } ?? [],
            help: "leave it out, or name it in a step: 'RFT(teacher: \(further.name.value))'")
    }

    private var steps: [Transfer.Step] { pipeline.stepsFromTeacher }

    /// A `*` asks for a teacher that reinforcement learning has taught to reason. One behind an endpoint reasons as it does.
    private func checkStars() {
        guard let star = steps.lazy.compactMap(\.star).first, pipeline.teacher.endpoint == nil else { return }
        if let written = pipeline.teacher.transfer, !written.steps.contains(where: { $0.method.value == .reinforcement }) {
            findings.report(
                .needsReinforcement, "'*' asks for an RL-trained teacher", at: star,
                secondary: [.init(written.field.span, "the teacher learns without RL")],
                help: "add '+RL' to 'teacher.transfer', or leave it out: the teacher then learns by SFT+RL")
        }
    }

    /// An endpoint answers in text; logits need a model at hand.
    private func checkLogits() {
        guard let endpoint = pipeline.teacher.endpoint, let step = steps.first(where: { $0.method.value.needsLogits }) else {
            return
        }
        let span = step.method.span
        findings.report(
            .needsLogits, "'\(step.method.value.rawValue)' needs the teacher's logits, and an endpoint gives none", at: span,
            secondary: endpoint.url.span == span ? [] : [.init(endpoint.url.span, "the teacher")],
            help: "write 'transfer: RFT', or take the teacher 'from' a source")
    }
}

/// Whether teacher and student speak in the same tokens, which their logits are about.
struct TokenizerChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        checkOrigin()
        checkOwn()
        checkNamed()
        let steps = pipeline.stepsFromTeacher
        guard let step = steps.first(where: \.needsEqualTokens), pipeline.teacher.endpoint == nil else { return }
        if let other = mismatch {
            let method = step.method.value.rawValue
            let places = step.method.isWritten ? [.init(step.method.span)] + other.places : other.places
            findings.report(
                .tokenizerMismatch, "'\(method)' compares logits of different vocabularies",
                at: places[0].span, label: places[0].text, secondary: Array(places.dropFirst()),
                help: other.help + "; ULD and GOLD allow other tokenizers: \(method)[GOLD], \(method)[ULD+CE]")
        }
        for teacher in pipeline.teachers where step.teacher == nil && teacher.endpoint == nil { check(teacher, at: step) }
    }

    /// Teachers that steps name.
    private func checkNamed() {
        for step in pipeline.studentSteps where step.needsEqualTokens {
            if let teacher = pipeline.furtherTeacher(of: step), teacher.endpoint == nil { check(teacher, at: step) }
        }
    }

    /// Teachers of one student speak in the same tokens too.
    private func check(_ further: FurtherTeacher, at step: Transfer.Step) {
        guard let reference = further.origin.reference, pipeline.tokenizer.origin == nil,
            reference.value != pipeline.teacher.origin.reference?.value
        else { return }
        findings.report(
            .tokenizerMismatch, "'\(step.method.value.rawValue)' compares logits of different vocabularies",
            at: step.method.span, secondary: [.init(reference.span, "the tokenizer of '\(further.name.value)'")],
            help:
                "where all have the same tokenizer, name the model that it is from: 'tokenizer: {from: …}'; ULD and GOLD allow "
                + "other tokenizers")
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
                .conflict, "a teacher behind an endpoint has no tokenizer at hand", at: origin.span,
                help: "leave 'from' out: a tokenizer is trained on the rows")
            return
        default: return
        }
        if model.reference == nil {
            findings.report(
                .conflict, "the \(origin.value) is drawn from scratch, and has no tokenizer of its own", at: origin.span,
                help: "leave 'from' out: a tokenizer is trained on the rows")
        }
    }

    /// An imported model has its tokenizer.
    private func checkOwn() {
        guard let own = pipeline.student.tokenizer, let student = pipeline.student.origin.reference else { return }
        findings.report(
            .conflict, "an imported student has a tokenizer of its own", at: own.field.span,
            secondary: [.init(student.span, "imported from here")], help: "leave 'student.tokenizer' out")
    }

    private var mismatch: (places: [Diagnostic.Label], help: String)? {
        let (teacher, student) = (pipeline.teacher.origin.reference, pipeline.student.origin.reference)
        let tokenizer = pipeline.tokenizer
        if let own = pipeline.student.tokenizer, student == nil {
            return ([.init(own.field.span, "the student's own")], "leave 'student.tokenizer' out")
        }
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
    /// The tokenizer of a student that is drawn from scratch.
    package var studentTokenizer: TokenizerSection { student.tokenizer ?? tokenizer }

    /// Tokens of a student that is drawn from scratch, where the recipe trains its tokenizer.
    var studentVocabulary: Int? {
        if let own = student.tokenizer { return own.origin == nil ? own.vocabulary.value : nil }
        return trainsTokenizer ? tokenizer.vocabulary.value : nil
    }

    /// Whether the recipe trains a tokenizer: no model is imported whose own it could use, and none is named.
    package var trainsTokenizer: Bool {
        tokenizer.origin == nil && (teacher.origin.reference == nil || teacher.endpoint != nil)
            && student.origin.reference == nil
    }
}
