import BuildModel
import CanonicalJSON
import Diagnostics
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
        guard let id = try add(stage, inputs: inputs, pipeline) else { return nil }
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
    private func title(of stage: StageID) -> String {
        let title = builder.drafts[stage.index].title
        return (title.parent.map(self.title(of:)) ?? "") + title.suffix
    }

    private mutating func add(_ stage: NamedStage, inputs: [Stage.Input], _ pipeline: Pipeline) throws -> StageID? {
        let title = StageTitle.named(stage.name.value)
        switch stage.content {
        case .exec(let exec):
            // By name, so that the order of writing decides nothing.
            let sorted = inputs.sorted { $0.name < $1.name }
            return try builder.add(
                Exec(
                    command: exec.command.value,
                    environment: Dictionary(exec.environment.map { ($0.name, $0.value.value) }, uniquingKeysWith: { $1 }),
                    outputs: exec.outputs.value.map(\.value).sorted(), timeLimit: exec.timeLimit.value,
                    memory: exec.memory.value),
                title, inputs: sorted,
                origins: [
                    Origin("command", exec.command), Origin("outputs", exec.outputs), Origin("time_limit", exec.timeLimit),
                    Origin("memory", exec.memory),
                ] + exec.environment.map { Origin("environment.\($0.name)", $0.value) })
        case .kind(let kind, let parameters):
            guard let declared = KindCatalogue.kind(named: kind.value), !kind.value.hasPrefix("source.") else {
                problems.append(
                    .unknown(
                        .unknownKind, "there is no stage kind '\(Diagnostic.shortened(kind.value))'", kind.value,
                        among: KindCatalogue.kinds.map { $0.name }.filter { !$0.hasPrefix("source.") }, at: kind.span))
                return nil
            }
            let reader = OwnParameters(stage: stage, parameters: parameters)
            guard let ordered = reader.inputs(inputs, of: declared, &problems) else { return nil }
            return try add(declared, reader, inputs: ordered, title, pipeline)
        }
    }

    private mutating func add<Kind: StageKind>(
        _ kind: Kind.Type, _ reader: OwnParameters, inputs: [Stage.Input], _ title: StageTitle, _ pipeline: Pipeline
    ) throws -> StageID? {
        guard let value = try reader.value(of: kind, &problems) else { return nil }
        let asked = (value as? any AskingKind)?.askedModel
        return try builder.add(
            value, title, inputs: inputs, endpoint: asked.flatMap { Self.access(to: $0, in: pipeline) }, origins: reader.origins
        )
    }

    /// How the recipe's teacher or judge of this name is reached: a stage of the recipe's own names the model alone.
    private static func access(to model: String, in pipeline: Pipeline) -> EndpointAccess? {
        [pipeline.teacher.endpoint, pipeline.judge.endpoint].compactMap { $0 }.first { $0.model.value == model }
            .map(EndpointAccess.init)
    }
}
