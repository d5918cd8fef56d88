import BuildModel
import Declarations
import Diagnostics
import Kinds
import RecipeLanguage
import Words

/// Expands the recipe's shorthand into visible stages, variant by variant.
struct Lowering {
    let recipe: Recipe
    let snapshots: [String: SourceSnapshot]
    let lock: SourceLock?
    let processor: ProcessorFamily
    var builder = GraphBuilder()
    /// What turned out to be wrong on the way; the graph is void then.
    var problems: [Diagnostic] = []
    /// The recipe's own stages of the variant at hand that are lowered already.
    var ownStages: [String: StageID] = [:]
    /// Those being lowered, outermost first.
    var openStages: [String] = []
    /// Stages that retrieve functions and whose recall is compared, in the order of the variants.
    var retrievals: [StageID] = []
    /// What variants share that differ in their quantization alone.
    private var prepared: [[ObjectIdentifier]: PreparedVariant] = [:]

    init(recipe: Recipe, snapshots: [String: SourceSnapshot], lock: SourceLock?, processor: ProcessorFamily) {
        (self.recipe, self.snapshots, self.lock, self.processor) = (recipe, snapshots, lock, processor)
    }

    /// More stages than anyone can run.
    private static let mostStages = 120_000

    mutating func graph() throws -> Graph? {
        var variants: [LoweredVariant] = []
        for variant in recipe.variants where problems.count < 100 {
            if builder.drafts.count > Self.mostStages {
                problems.append(
                    Diagnostic(
                        .matrix, "the recipe has more than \(Self.mostStages) stages", at: recipe.matrix ?? recipe.name.span,
                        help: "shorten the matrix's lists, or divide the recipe"))
                return nil
            }
            let profile = variant.pipeline.numerics
            builder.begin(
                variant: variant.choices.map(\.index), numerics: Numerics(profile.value, on: processor),
                origin: { Origin("numerics", profile.place) })
            ownStages = [:]
            if let lowered = try lower(variant.pipeline) { variants.append(lowered) }
        }
        guard problems.isEmpty else { return nil }
        let naming = StageNaming(variants: recipe.variants)
        let names = naming.names(of: builder.drafts)
        let report = try addReport(on: variants, names: names, naming: naming)
        var reports = [Graph.Target(name: "report", stage: report)]
        if let retrieval = try addRetrievalReport(names: names) {
            reports.append(Graph.Target(name: "retrieval", stage: retrieval))
        }
        return builder.graph(
            names: names + naming.names(of: Array(builder.drafts[names.count...])),
            targets: targets(variants, reports: reports, naming: naming, names: names))
    }

    /// One variant's stages: the teacher, the student and what becomes of it, the evaluation of each; `nil` where a problem
    /// was found.
    private mutating func lower(_ pipeline: Pipeline) throws -> LoweredVariant? {
        guard let prepared = try prepare(pipeline) else { return nil }
        var (model, rows) = (prepared.model, prepared.rows)
        if let quantize = pipeline.quantize {
            let quantized = try addQuantization(quantize, of: model, prepared.base)
            rows.append(try evaluate(quantized, title: { .after(quantized.stage, ".\($0)") }, prepared.base))
            model = quantized
        }
        for stage in pipeline.stages { _ = try addOwnStage(stage, pipeline) }
        let own = pipeline.stages.compactMap { stage in ownStages[stage.name.value].map { (stage.name.value, $0) } }
        return LoweredVariant(teachers: prepared.teachers, model: model.stage, rows: rows, own: own)
    }

    /// All of a variant before its weights are quantized, lowered once for those that agree on it.
    private mutating func prepare(_ pipeline: Pipeline) throws -> PreparedVariant? {
        let identity = pipeline.identityBeforeQuantization
        if let known = prepared[identity] {
            builder.touch(known.stages)
            ownStages = known.ownStages
            return known
        }
        guard let base = try addBase(pipeline) else { return nil }
        let teacher = try addTeacher(base)
        guard let student = try addStudent(base, teacher: teacher) else { return nil }
        var rows: [EvaluatedModel] = []
        for (title, model) in teacher?.used ?? [] { rows.append(try evaluate(model, title: title, base)) }
        if pipeline.baseline != nil {
            guard let baseline = try addBaseline(base) else { return nil }
            rows.append(baseline)
        }
        for model in student.chain { rows.append(try evaluate(model, title: { .after(model.stage, ".\($0)") }, base)) }
        let new = PreparedVariant(
            base: base, teachers: teacher?.used.map(\.model.stage) ?? [], model: student.chain.last ?? student.start,
            rows: rows,
            stages: builder.touched, ownStages: ownStages)
        prepared[identity] = new
        return new
    }

    /// The variants' final models, the teachers, the recipe's own stages, the reports.
    private func targets(
        _ variants: [LoweredVariant], reports: [Graph.Target], naming: StageNaming, names: [String]
    ) -> [Graph.Target] {
        func targets(_ stages: [StageID], single: (StageID) -> String?) -> [Graph.Target] {
            var seen: Set<StageID> = []
            let distinct = stages.filter { seen.insert($0).inserted }
            return distinct.map { stage in
                let name = distinct.count == 1 ? single(stage) : nil
                return Graph.Target(name: name ?? StageNaming.directoryName(names[stage.index]), stage: stage)
            }
        }
        let teachers = targets(variants.flatMap(\.teachers)) { _ in "teacher" }
        let own = targets(variants.flatMap { $0.own.map(\.stage) }) { names[$0.index] }
        let reserved = Set((teachers + own).map(\.name) + reports.map(\.name))
        let models = zip(naming.targetNames(reserved: reserved), variants).map { Graph.Target(name: $0, stage: $1.model) }
        return models + teachers + own + reports
    }
}

/// A variant up to its quantization.
private struct PreparedVariant {
    var base: LoweredBase
    var teachers: [StageID]
    var model: LoweredModel
    var rows: [EvaluatedModel]
    /// All that was added or met on the way.
    var stages: [StageID]
    var ownStages: [String: StageID]
}

/// What a variant comes to.
struct LoweredVariant {
    /// Those that the student learns from.
    var teachers: [StageID]
    /// The last of the chain.
    var model: StageID
    /// The teachers, the baseline where there is one, then every model of the chain.
    var rows: [EvaluatedModel]
    /// The recipe's own stages by name.
    var own: [(name: String, stage: StageID)]
}

/// A model on its way through the stages.
struct LoweredModel: Hashable {
    var stage: StageID
    /// `nil` for a model from elsewhere.
    var size: ModelSize?
    /// How it has learned to answer.
    var answer: AnswerStyle
    /// Whether it is a student all the same, which teaches what was cut from it.
    var isStudent = false
}

/// A model with its evaluation.
struct EvaluatedModel: Hashable {
    var scores: StageID
    var cost: StageID
    var perplexity: StageID?
    var serving: StageID?
    var speed: StageID?
    var queries: StageID?
}

/// What all models of a variant stand on.
struct LoweredBase {
    var pipeline: Pipeline
    /// Of `data.split`, or what became of it.
    var data: StageID
    var prompt: Spanned<PromptStyle>
    /// Those that models are evaluated on.
    var sets: Spanned<[String]>
    var workload: Workload

    func workload(of model: LoweredModel) -> Workload { workload.of(parameters: model.size?.total) }

    /// A style of answers, which the transfer decides.
    func styled(_ answer: AnswerStyle) -> Spanned<AnswerStyle> { pipeline.transfer.field.map { answer } }
}

extension Numerics {
    init(_ profile: NumericsProfile, on processor: ProcessorFamily) {
        switch profile {
        case .portable: self = .portable
        case .native: self = .native(processor)
        }
    }
}
