import BuildModel
import RecipeLanguage

/// Expands the recipe's shorthand into visible stages, variant by variant.
struct Lowering {
    let recipe: Recipe
    let snapshots: [String: SourceSnapshot]
    var builder = GraphBuilder()

    init(recipe: Recipe, snapshots: [String: SourceSnapshot]) {
        self.recipe = recipe
        self.snapshots = snapshots
    }

    mutating func graph() throws -> Graph {
        var variants: [LoweredVariant] = []
        for (index, variant) in recipe.variants.enumerated() {
            builder.variant = index
            variants.append(try lower(variant.pipeline))
        }
        let naming = StageNaming(variants: recipe.variants)
        let report = try addReport(on: variants, names: naming.names(of: builder.drafts))
        let names = naming.names(of: builder.drafts)
        return builder.graph(names: names, targets: targets(variants, report: report, naming: naming, names: names))
    }

    /// One variant's stages: the teacher, the student and what becomes of it, the evaluation of each.
    private mutating func lower(_ pipeline: Pipeline) throws -> LoweredVariant {
        let base = try addBase(pipeline)
        let teacher = try addTeacher(base)
        let models = try addStudent(base, teacher: teacher)
        var rows = [try evaluate(teacher, title: { .named("teacher.\($0)") }, base)]
        for model in models { rows.append(try evaluate(model, title: { .after(model, ".\($0)") }, base)) }
        return LoweredVariant(teacher: teacher, model: models.last ?? teacher, rows: rows)
    }

    /// The variants' final models, the teachers, the report.
    private func targets(
        _ variants: [LoweredVariant], report: StageID, naming: StageNaming, names: [String]
    ) -> [Graph.Target] {
        var teachers: [StageID] = []
        for variant in variants where !teachers.contains(variant.teacher) { teachers.append(variant.teacher) }
        let teacherTargets = teachers.map { teacher in
            let name = teachers.count == 1 ? "teacher" : StageNaming.directoryName(names[teacher.index])
            return Graph.Target(name: name, stage: teacher)
        }
        let reserved = Set(teacherTargets.map(\.name) + ["report"])
        let models = zip(naming.targetNames(reserved: reserved), variants).map { Graph.Target(name: $0, stage: $1.model) }
        return models + teacherTargets + [Graph.Target(name: "report", stage: report)]
    }
}

/// What a variant comes to.
struct LoweredVariant {
    var teacher: StageID
    /// The last of the chain.
    var model: StageID
    /// The teacher, then every model of the chain.
    var rows: [EvaluatedModel]
}

/// A model with its evaluation.
struct EvaluatedModel: Hashable {
    var scores: StageID
    var cost: StageID
}

/// What all models of a variant stand on.
struct LoweredBase {
    var pipeline: Pipeline
    /// Of `data.split`.
    var data: StageID
    var tokenizer: StageID
    var prompt: Spanned<PromptStyle>
}
