import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// Retrieval of functions, with what has to be trained or written for it; `nil` where a problem was found.
    mutating func addRetrieval(
        _ retrieve: RetrieveSection, _ title: StageTitle, to data: StageID, _ pipeline: Pipeline
    ) throws -> StageID? {
        let input = Stage.Input(name: "data", stage: data)
        guard let published = try addEncoder(retrieve.encoder, for: retrieve.kind.method, pipeline) else { return nil }
        var encoder = published
        if let classifier = retrieve.classifier {
            let trained = try builder.add(classifier, Self.retrievalTitle("classifier", pipeline), inputs: published + [input])
            encoder = [.init(name: "encoder", stage: trained)]
        }
        var descriptions: [Stage.Input] = []
        if let describe = retrieve.describe {
            guard let written = try addDescriptions(describe, of: input, encoder, pipeline) else { return nil }
            descriptions = [.init(name: "descriptions", stage: written)]
        }
        let stage = try builder.add(retrieve.kind, title, inputs: [input] + encoder + descriptions)
        if !retrieve.kind.recallAt.isEmpty, !retrievals.contains(stage) { retrievals.append(stage) }
        return stage
    }

    /// What a stage is called that retrieval needs; of data beside the recipe's own, behind their name.
    private static func retrievalTitle(_ word: String, _ pipeline: Pipeline) -> StageTitle {
        let data = pipeline.furtherData == nil ? "" : "\(pipeline.dataName)."
        return .named("\(data)retrieval.\(word)")
    }

    /// Descriptions of functions by a model that was tuned on the best of its own.
    private mutating func addDescriptions(
        _ describe: DescribeSection, of data: Stage.Input, _ encoder: [Stage.Input], _ pipeline: Pipeline
    ) throws -> StageID? {
        guard let model = try addImport(describe.from, pipeline) else { return nil }
        let lessons = try builder.add(
            describe.sample, Self.retrievalTitle("candidates", pipeline),
            inputs: [.init(name: "model", stage: model), data] + encoder)
        let writer = try builder.add(
            describe.train, Self.retrievalTitle("writer", pipeline),
            inputs: [.init(name: "model", stage: model), .init(name: "data", stage: lessons)])
        var written = DataDescribe.standard
        written.$maxTokens = describe.sample.$maxTokens
        written.$prompt = describe.sample.$prompt
        return try builder.add(
            written, Self.retrievalTitle("descriptions", pipeline), inputs: [.init(name: "model", stage: writer), data])
    }

    /// What retrieves side by side; `nil` where no recipe asks for it.
    mutating func addRetrievalReport(names: [String]) throws -> StageID? {
        guard !retrievals.isEmpty else { return nil }
        var report = RetrievalReport.standard
        report.rows = retrievals.map { names[$0.index] }
        let asked = recipe.variants.lazy.compactMap { $0.pipeline.data.retrieve?.kind }.first { !$0.recallAt.isEmpty }
        if let asked { report.$places = asked.$recallAt }
        return try builder.add(
            report, .named("retrieval"),
            inputs: retrievals.enumerated().map { .init(name: "recall.\($0.offset)", stage: $0.element) })
    }
}
