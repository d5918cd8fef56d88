import BuildModel
import Declarations
import RecipeLanguage
import Words

extension Lowering {
    /// What the teachers beside the first one say of the same answers: the logits of each.
    mutating func addFurtherLogits(
        _ distillation: Distillation, _ base: LoweredBase, judged: StageID?, _ answer: AnswerStyle
    ) throws -> [StageID] {
        var logits: [StageID] = []
        for teacher in base.pipeline.teachers {
            guard let model = try addFurtherTeacher(teacher, base) else { continue }
            let title = "teachers.\(teacher.name.value).logits" + (answer == .call ? "" : ".reasoning")
            logits.append(try addCapture(distillation, base, teacher: model, judged: judged, answer, .named(title)))
        }
        return logits
    }

    /// A teacher beside the first one, corrected; `nil` where a problem was found.
    private mutating func addFurtherTeacher(_ teacher: FurtherTeacher, _ base: LoweredBase) throws -> LoweredModel? {
        let role = "teachers.\(teacher.name.value)"
        guard var model = try addStart(teacher.origin, seed: teacher.seed, role, base) else { return nil }
        for (place, step) in teacher.transfer.steps.enumerated() {
            let word = step.method.value.word
            let title: StageTitle = place == 0 ? .named("\(role).\(word)") : .after(model.stage, ".\(word)")
            model = try addStep(step, to: model, from: nil, seed: teacher.seed, title, base)
        }
        return model
    }
}

extension Pipeline {
    /// Each teacher's share of the divergences, in the order of the inputs; `nil` where there is one teacher.
    var teacherWeights: Spanned<[Double]?> {
        guard let first = teachers.first else { return Spanned(wrappedValue: nil) }
        let weights = [1] + teachers.map(\.weight.value)
        let sum = weights.reduce(0, +)
        let parts = teachers.enumerated().map { ("\($0 + 1)", $1.weight.place) }
        return Spanned(
            weights.map { $0 / sum },
            at: Place(first.weight.span, field: first.weight.field, parts: Dictionary(parts, uniquingKeysWith: { $1 })))
    }
}
