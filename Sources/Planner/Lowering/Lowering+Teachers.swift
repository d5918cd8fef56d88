import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// What a step stands on: the recipe's own data, or those that it names.
    mutating func base(of step: Transfer.Step, _ home: LoweredBase) throws -> LoweredBase {
        guard let set = home.pipeline.datasets.first(where: { $0.name.value == step.dataName }) else { return home }
        // Where a problem was found, there is no graph.
        guard var base = try addBase(home.pipeline.reading(set)) else { return home }
        base.ownData = home.teacherData
        return base
    }

    /// Who answers beside the recipe's teacher, where a step learns from all their answers.
    mutating func answerers(
        beside tutor: Answerer?, of step: Transfer.Step, from teacher: LoweredTeacher?, _ home: LoweredBase
    ) throws -> [Answerer] {
        guard step.sharesAnswers, home.pipeline.sample != nil, tutor.map(\.isOwnTeacher) ?? false else { return [] }
        // Who learns by preferences from no teacher answers itself.
        guard step.method.value != .preference || teacher != nil else { return [] }
        return try home.pipeline.answeredRows.others.compactMap { try addAnswerer($0.teacher, home) }
    }

    mutating func addAnswerer(_ teacher: FurtherTeacher, _ home: LoweredBase) throws -> Answerer? {
        if let endpoint = teacher.endpoint { return .endpoint(endpoint, role: teacher.role) }
        return try addFurtherTeacher(teacher, home).map { .model($0) }
    }

    /// Whom a step learns from: the one that it names, else the recipe's; `nil` where there is none.
    mutating func tutor(
        of step: Transfer.Step, from teacher: LoweredTeacher?, _ home: LoweredBase
    ) throws -> Answerer? {
        if let further = home.pipeline.furtherTeacher(of: step) {
            return try addAnswerer(further, home)
        }
        let model = step.star == nil ? teacher?.plain : teacher?.reasoning
        if let model { return .model(model) }
        return home.pipeline.teacher.endpoint.map { .endpoint($0, role: Pipeline.ownTeacher) }
    }
}

extension Lowering {
    /// What the teachers beside the first one say of the same answers: the logits of each, over the student's tokens.
    mutating func addFurtherLogits(
        _ distillation: Distillation, _ base: LoweredBase, _ home: LoweredBase, of step: Transfer.Step,
        for student: LoweredModel, reading view: StageID, judged: StageID?, _ answer: AnswerStyle, _ seed: Spanned<Int>
    ) throws -> [StageID] {
        var logits: [StageID] = []
        for teacher in home.pipeline.teachersAtHand {
            guard let model = try addFurtherTeacher(teacher, home) else { continue }
            let scorer = try add(model, over: student, step)
            logits.append(try addCapture(distillation, base, teacher: scorer, reading: view, judged: judged, answer, seed))
        }
        return logits
    }

    /// A teacher beside the first one, corrected; `nil` where a problem was found.
    mutating func addFurtherTeacher(_ teacher: FurtherTeacher, _ base: LoweredBase) throws -> LoweredModel? {
        let role = teacher.role
        guard var model = try addStart(teacher.origin, seed: teacher.seed, role, base) else { return nil }
        model.role = role
        for (place, step) in teacher.transfer.steps.enumerated() {
            let word = step.method.value.word
            let title: StageTitle = place == 0 ? .named("\(role).\(word)") : .after(model.stage, ".\(word)")
            model = try addStep(step, to: model, from: nil, seed: teacher.seed, title, base)
        }
        return model
    }
}

extension FurtherTeacher {
    /// What its stages are called.
    var role: String { "teachers.\(name.value)" }
}

extension Pipeline {
    /// What prompts are told of answers of a style. Judged answers are texts already: only a model that reasons in its own form has
    /// other prompts for them.
    func prompting(_ answer: AnswerStyle, isJudged: Bool) -> AnswerStyle {
        guard answer != .call, isJudged else { return answer }
        let origins = [teacher.origin, student.origin] + teachers.map(\.origin)
        return origins.contains { $0.answer?.value == .thinking } ? answer : .call
    }

    /// Teachers beside the first one whose logits can be had.
    var teachersAtHand: [FurtherTeacher] { teachers.filter { $0.endpoint == nil } }

    /// Each teacher's share of the divergences, in the order of the inputs; `nil` where there is one teacher.
    var teacherWeights: Spanned<[Double]?> {
        let teachers = teachersAtHand
        guard let first = teachers.first else { return Spanned(wrappedValue: nil) }
        let weights = [1] + teachers.map(\.weight.value)
        let sum = weights.reduce(0, +)
        let parts = teachers.enumerated().map { ("\($0 + 1)", $1.weight.place) }
        return Spanned(
            weights.map { $0 / sum },
            at: Place(first.weight.span, field: first.weight.field, parts: Dictionary(parts, uniquingKeysWith: { $1 })))
    }
}
