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
    private let processor: () -> ProcessorFamily
    /// Models from elsewhere whose files are at hand, by the names of their sources.
    let models: [String: KnownModel]
    /// What is known of the rows, by the data's identity.
    let rowFigures: [Pipeline.DataIdentity: RowFigures]
    var builder = GraphBuilder()
    /// What turned out to be wrong on the way; the graph is void then.
    var problems: [Diagnostic] = []
    /// The recipe's own stages of the variant at hand that are lowered already.
    var ownStages: [String: StageID] = [:]
    /// Those being lowered, outermost first.
    var openStages: [String] = []
    /// Stages that retrieve functions and whose recall is compared, in the order of the variants.
    var retrievals: [StageID] = []
    /// What variants share that differ in the student's seed and in their quantization alone.
    private var surroundings: SharedParts<Surroundings> = [:]
    private var peers: SharedParts<[EvaluatedModel]> = [:]
    /// What variants share that differ in their quantization alone.
    private var prepared: SharedParts<PreparedVariant> = [:]

    init(
        recipe: Recipe, snapshots: [String: SourceSnapshot], lock: SourceLock?, processor: @escaping () -> ProcessorFamily,
        models: [String: KnownModel] = [:], rows: [Pipeline.DataIdentity: RowFigures] = [:]
    ) {
        (self.recipe, self.snapshots, self.lock, self.processor) = (recipe, snapshots, lock, processor)
        (self.models, rowFigures) = (models, rows)
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
                variant: variant.choices.map(\.index), numerics: Numerics(profile.value, on: processor()),
                origin: { Origin("numerics", profile.place) })
            ownStages = [:]
            if let lowered = try lower(variant.pipeline) { variants.append(lowered) }
        }
        guard problems.isEmpty else { return nil }
        let naming = StageNaming(variants: recipe.variants)
        let (names, overSeeds) = naming.names(of: builder.drafts)
        let report = try addReport(on: variants, names: names, overSeeds: overSeeds, naming: naming)
        var reports = [Graph.Target(name: "report", stage: report)]
        if let retrieval = try addRetrievalReport(names: names) {
            reports.append(Graph.Target(name: "retrieval", stage: retrieval))
        }
        return builder.graph(
            names: names + naming.names(of: Array(builder.drafts[names.count...])).full,
            targets: targets(variants, reports: reports, naming: naming, names: names))
    }

    /// One variant's stages: the teacher, the student and what becomes of it, the evaluation of each; `nil` where a problem
    /// was found.
    private mutating func lower(_ pipeline: Pipeline) throws -> LoweredVariant? {
        guard let prepared = try prepare(pipeline) else { return nil }
        var (model, rows) = (prepared.model, prepared.rows)
        if let quantize = pipeline.quantize {
            guard let quantized = try addQuantization(quantize, of: model, prepared.base) else { return nil }
            rows.append(try evaluate(quantized, title: { .after(quantized.stage, ".\($0)") }, prepared.base))
            model = quantized
        }
        if !rows.isEmpty {
            rows[rows.count - 1].comparison = try addComparison(of: prepared.peers + rows, prepared.base)
        }
        for stage in pipeline.stages { _ = try addOwnStage(stage, pipeline) }
        let own = pipeline.stages.compactMap { stage in ownStages[stage.name.value].map { (stage.name.value, $0) } }
        return LoweredVariant(
            teachers: prepared.teachers, peers: prepared.peers, model: model.stage, rows: rows, own: own)
    }

    /// All of a variant before its weights are quantized.
    private mutating func prepare(_ pipeline: Pipeline) throws -> PreparedVariant? {
        try shared(\.prepared, pipeline.identityBeforeQuantization) { lowering in
            guard let around = try lowering.lowerSurroundings(of: pipeline),
                let student = try lowering.addStudent(around.base, teacher: around.teacher),
                let peers = try lowering.addPeers(of: pipeline, around)
            else { return nil }
            var rows: [EvaluatedModel] = []
            for model in student.chain {
                rows.append(try lowering.evaluate(model, title: { .after(model.stage, ".\($0)") }, around.base))
            }
            return PreparedVariant(
                base: around.base, teachers: around.teacher?.used.map(\.model.stage) ?? [], peers: peers,
                model: student.chain.last ?? student.start, rows: rows)
        }
    }

    /// The rows, the teacher, and what the student learns of the rows.
    private mutating func lowerSurroundings(of pipeline: Pipeline) throws -> Surroundings? {
        var around = try shared(\.surroundings, pipeline.identityAroundStudent) { lowering in
            guard var base = try lowering.addBase(pipeline) else { return nil }
            let teacher = try lowering.addTeacher(base)
            base.lessons = try lowering.addReferences(base, teacher: teacher)
            return Surroundings(base: base, teacher: teacher)
        }
        around?.base.pipeline = pipeline
        return around
    }

    /// What the variant's models are held against.
    private mutating func addPeers(of pipeline: Pipeline, _ around: Surroundings) throws -> [EvaluatedModel]? {
        try shared(\.peers, pipeline.identityAroundStudent) { lowering in
            var peers = pipeline.evaluate.teacher.value ? try lowering.evaluateTeachers(around.teacher, around.base) : []
            if pipeline.baseline != nil {
                guard let baseline = try lowering.addBaseline(around.base) else { return nil }
                peers.append(baseline)
            }
            return peers
        }
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

/// What a student is trained on, and by whom.
private struct Surroundings {
    var base: LoweredBase
    var teacher: LoweredTeacher?
}

/// A variant up to its quantization.
private struct PreparedVariant {
    var base: LoweredBase
    var teachers: [StageID]
    var peers: [EvaluatedModel]
    var model: LoweredModel
    var rows: [EvaluatedModel]
}

/// What a variant comes to.
struct LoweredVariant {
    /// Those that the student learns from.
    var teachers: [StageID]
    /// What the models are held against: the teachers, that behind an endpoint too, and the baseline.
    var peers: [EvaluatedModel]
    /// The last of the chain.
    var model: StageID
    /// Every model of the chain.
    var rows: [EvaluatedModel]
    /// The recipe's own stages by name.
    var own: [(name: String, stage: StageID)]
}

/// A model on its way through the stages.
struct LoweredModel: Hashable {
    var stage: StageID
    /// `nil` for a model from elsewhere whose files are not at hand.
    var work: ModelWork?
    /// How it has learned to answer.
    var answer: AnswerStyle
    /// Whose prompts it reads.
    var side: Side
    /// Whether it was trained before, imported or made of an imported model, with the field that says so.
    var isPretrained = Spanned(wrappedValue: false)
    /// Whether it is a student all the same, which teaches what was cut from it.
    var isStudent = false
    /// What the stages of its answers and logits are called, where it teaches: `teachers.NAME` of one beside the first.
    var role = Pipeline.ownTeacher
    /// The stage whose tokens it has left; `nil` where it has all of its tokenizer.
    var vocabulary: StageID?

    enum Side {
        case teacher
        case student
    }
}

/// A model with its evaluation.
struct EvaluatedModel: Hashable {
    /// `nil` for a model behind an endpoint.
    var model: StageID?
    /// How it has learned to answer.
    var answer: AnswerStyle
    var answers: StageID
    var scores: StageID
    var cost: StageID
    var perplexity: StageID?
    var loss: StageID?
    var serving: StageID?
    var speed: StageID?
    var queries: StageID?
    /// Of a model behind an endpoint.
    var price: StageID?
    /// With another model, where it is the last of its variant.
    var comparison: StageID?
}

/// What all models of a variant stand on.
struct LoweredBase {
    var pipeline: Pipeline
    /// The rows as the student's prompts show them: of `data.split`, or what became of it.
    var data: StageID
    /// The same rows as a teacher's prompts show them, and as the judge sees them.
    var teacherData: StageID
    /// The student's, where the recipe asks for it with the teacher's accepted answers as what is right.
    var lessons: StageID
    /// The recipe's own rows, where others stand in their place; people's labels are of these.
    var ownData: StageID?
    var prompt: Spanned<PromptStyle>
    /// Those that models are evaluated on.
    var sets: Spanned<[String]>
    var workload: Workload
    let evaluations = EvaluationKinds.Memory()

    /// The rows as a model's prompts show them.
    func view(of model: LoweredModel) -> StageID { model.side == .student ? data : teacherData }

    /// The rows that a model learns from.
    func lessons(of model: LoweredModel) -> StageID { model.side == .student ? lessons : teacherData }

    func workload(of model: LoweredModel) -> Workload { workload.of(model.work) }

    /// The evaluated sets, and the one that a threshold is chosen on.
    var setsWithValid: Spanned<[String]> {
        sets.map { $0.contains(RowSet.valid.rawValue) ? $0 : $0 + [RowSet.valid.rawValue] }
    }

    /// A style of answers, which the transfer decides.
    func styled(_ answer: AnswerStyle) -> Spanned<AnswerStyle> { pipeline.transfer.field.map { answer } }
}

extension Numerics {
    fileprivate init(_ profile: NumericsProfile, on processor: @autoclosure () -> ProcessorFamily) {
        switch profile {
        case .portable: self = .portable
        case .native: self = .native(processor())
        }
    }
}
