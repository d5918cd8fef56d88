import BuildModel
import Declarations
import Diagnostics
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// What a stage that judges reads besides: the model or the program that judges, and the gate that the judge has passed.
    mutating func judgingInputs(_ base: LoweredBase) throws -> [Stage.Input] {
        try judges(base) + gate(base)
    }

    /// The judging model where one at hand decides, and the files of a program.
    private mutating func judges(_ base: LoweredBase) throws -> [Stage.Input] {
        let judge = base.pipeline.judge
        let kinds = judge.judge.judges.value
        var inputs: [Stage.Input] = []
        if kinds.contains(.model), let from = judge.from, let model = try addImport(from, base.pipeline) {
            inputs.append(.init(name: "judge", stage: model))
        }
        if kinds.contains(.exec), let script = judge.script, let files = try addReference(script, base.pipeline) {
            inputs.append(.init(name: "script", stage: files))
        }
        return inputs
    }

    /// The judge held against people's labels, and the stage that ends the build where they agree too seldom.
    private mutating func gate(_ base: LoweredBase) throws -> [Stage.Input] {
        let judge = base.pipeline.judge
        guard let validation = judge.validation, let labels = try addReference(validation.labels, base.pipeline) else {
            return []
        }
        let validated = try builder.add(
            JudgeValidate(judge.judge), .named("judge.validated"),
            inputs: [.init(name: "data", stage: base.ownData ?? base.teacherData), .init(name: "labels", stage: labels)]
                + judges(base),
            endpoint: judge.endpoint.map(EndpointAccess.init))
        let gate = try builder.add(
            validation.gate, .named("judge.gate"), inputs: [.init(name: "validation", stage: validated)])
        return [.init(name: "gate", stage: gate)]
    }

    /// The answers of a variant's last model beside those of another, judged pair by pair; `nil` where none is asked for, where
    /// the two are one, or where a problem was found.
    ///
    /// - Parameter rows: the variant's evaluated models, its last one at the end, after those that it is held against.
    mutating func addComparison(of rows: [EvaluatedModel], _ base: LoweredBase) throws -> StageID? {
        guard let compare = base.pipeline.evaluate.compare, let model = rows.last, let stage = model.model else { return nil }
        let names = rows.map { Self.modelName(of: title(of: $0.scores)) }
        guard let place = names.firstIndex(of: compare.other.value) else {
            let (name, others) = (compare.other.value, Array(names.dropLast()))
            let words = "no model '\(Diagnostic.shortened(name))' is evaluated"
            problems.append(
                others.isEmpty
                    ? Diagnostic(
                        .unknownStage, words, at: compare.other.span, label: "unknown",
                        help: "'\(names[0])' is the only one; leave 'compare' out")
                    : .unknown(.unknownStage, words, name, among: others, at: compare.other.span))
            return nil
        }
        let other = rows[place]
        guard other.answers != model.answers else { return nil }
        let judge = base.pipeline.judge
        var kind = compare.kind
        (kind.$judge, kind.$checks) = (judge.kind, judge.judge.$checks)
        (kind.$question, kind.$program) = (judge.judge.$question, judge.judge.$program)
        kind.$sets = base.sets
        if base.pipeline.answerMethod == .generation {
            (kind.$answer, kind.$otherAnswer) = (base.styled(model.answer), base.styled(other.answer))
        }
        var inputs: [Stage.Input] = [
            .init(name: "data", stage: base.teacherData), .init(name: "answers", stage: model.answers),
            .init(name: "others", stage: other.answers),
        ]
        inputs += try judgingInputs(base)
        if let name = compare.sheet, let sheet = try addReference(name, base.pipeline) {
            inputs.append(.init(name: "sheet", stage: sheet))
        }
        return try builder.add(
            kind, .after(stage, ".compared"), inputs: inputs, endpoint: judge.endpoint.map(EndpointAccess.init))
    }
}
