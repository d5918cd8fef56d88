import BuildModel
import Declarations
import Diagnostics
import Kinds
import RecipeLanguage

extension Lowering {
    /// A stage that the recipe names itself, once a variant; `nil` where a problem was found.
    ///
    /// - Parameter span: what asks for it; the stage itself where nothing does.
    mutating func addOwnStage(_ stage: NamedStage, _ pipeline: Pipeline, askedAt span: SourceSpan? = nil) throws -> StageID? {
        let name = stage.name.value
        if let known = ownStages[name] { return known }
        guard !openStages.contains(name) else {
            problems.append(
                Diagnostic(
                    .stageCycle, "the stage '\(name)' needs itself", at: span ?? stage.name.span,
                    secondary: span == nil ? [] : [.init(stage.name.span, "the stage")], help: "break the circle"))
            return nil
        }
        openStages.append(name)
        defer { openStages.removeLast() }
        var inputs: [Stage.Input] = []
        for input in stage.inputs {
            guard let found = try addInput(input, pipeline) else { return nil }
            inputs.append(.init(name: input.name, stage: found))
        }
        let ordered = stage.inputOrder.compactMap { name in inputs.first { $0.name == name } }
        let asked = (stage.kind as? any AskingKind)?.askedModel
        let id = try builder.add(
            stage.kind, .named(name), inputs: ordered, endpoint: asked.flatMap { Self.access(to: $0, in: pipeline) })
        ownStages[name] = id
        return id
    }

    /// A source, a stage of the recipe's own, or a generated stage of this variant that is there already.
    private mutating func addInput(_ input: NamedStage.Input, _ pipeline: Pipeline) throws -> StageID? {
        let name = input.reference.value
        if pipeline.stages.contains(where: { $0.name.value == name }) || recipe.source(named: name) != nil {
            return try addReference(input.reference, pipeline)
        }
        let generated = builder.touched.map { (title: title(of: $0), stage: $0) }
        if let match = generated.last(where: { $0.title == name }) { return match.stage }
        problems.append(
            .unknown(
                .unknownStage, "there is no source or stage '\(Diagnostic.shortened(name))' before this one", name,
                among: generated.map(\.title) + recipe.sources.map(\.name.value) + pipeline.stages.map(\.name.value),
                at: input.reference.span))
        return nil
    }

    /// A stage's name within its variant, without the values of the matrix.
    func title(of stage: StageID) -> String {
        let title = builder.drafts[stage.index].title
        return (title.parent.map(self.title(of:)) ?? "") + title.suffix
    }

    /// How the recipe's teacher or judge of this name is reached: a stage of the recipe's own names the model alone.
    private static func access(to model: String, in pipeline: Pipeline) -> EndpointAccess? {
        let endpoints = [pipeline.teacher.endpoint, pipeline.judge.endpoint] + pipeline.teachers.map(\.endpoint)
        return endpoints.compactMap(\.self).first { $0.model.value == model }.map(EndpointAccess.init)
    }
}
