import BuildModel
import CanonicalJSON
import Planner
import RecipeLanguage
import Store

/// Everything that the store knows about how an artifact was made. Exports show it.
struct ArtifactHistory {
    let target: StoredTarget
    let lineage: Lineage
    let names: StageNames
    /// The build whose target the artifact is, with its texts; `nil` where no build has it.
    let build: StoredBuild?
    let texts: BuildTexts?
    /// As it was read from the texts; `nil` where this version cannot read it.
    let recipe: Recipe?
    let report: JSON?
    /// The report's row of this artifact.
    let row: JSON?
    let sources: [RecordedSource]

    init(of target: StoredTarget, in store: Store) throws {
        self.target = target
        lineage = try store.lineage(of: target.record)
        // The build that it was named in, if it is one of its targets.
        let named = target.build.flatMap { build in build.targets.contains { $0.commit == target.record.commit } ? build : nil }
        build = try named ?? store.build(with: target.record.commit)
        names = StageNames(build)
        texts = try build.map { try store.texts(of: $0) }
        let recipe = texts.flatMap { RecipeReader.read($0.source, loading: $0.loader).recipe }
        self.recipe = recipe
        let found = try build.flatMap { try store.report(of: $0) }
        report = found?.json
        row = try found.flatMap { try Self.row(of: target.record.artifact, in: $0.json, $0.record, store) }
        let lock = texts?.companions["recipe.lock"].flatMap { try? SourceLock(text: $0) }
        let (stages, names) = (lineage.stages, names)
        sources = stages.filter { $0.record.action.kind.hasPrefix("source.") }.map {
            RecordedSource($0, name: names[$0.commit], recipe: recipe, lock: lock)
        }
    }

    /// The report's rows follow its inputs: the row of the model whose cost it lists.
    private static func row(of model: Artifact, in report: JSON, _ record: StageRecord, _ store: Store) throws -> JSON? {
        for input in try store.lineageStage(of: record).inputs where input.name.hasPrefix("cost.") {
            guard let index = Int(input.name.dropFirst("cost.".count)), let rows = report["rows"]?.array,
                rows.indices.contains(index), let cost = try store.stageCommit(input.commit.hex)
            else { continue }
            if cost.action.inputs.contains(where: { $0.name == "model" && $0.artifact == model.digest }) { return rows[index] }
        }
        return nil
    }

    /// The stages of a kind, each after its inputs.
    func stages(of kind: String) -> [Lineage.Stage] { lineage.stages.filter { $0.record.action.kind == kind } }

    /// What reads a stage's artifact, as (stage, input).
    func readers(of commit: CommitID) -> [(stage: Lineage.Stage, input: String)] {
        lineage.stages.flatMap { stage in stage.inputs.filter { $0.commit == commit }.map { (stage, $0.name) } }
    }
}

/// Files from outside that a lineage begins with.
struct RecordedSource {
    let stage: Lineage.Stage
    /// `functions`, as the recipe calls it.
    let name: String
    /// Where the recipe says that the files are; `nil` where no recipe is known.
    let origin: FixedOutput.Origin?

    init(_ stage: Lineage.Stage, name: String, recipe: Recipe?, lock: SourceLock?) {
        self.stage = stage
        self.name = name.hasPrefix("source.") ? String(name.dropFirst("source.".count)) : name
        let source = recipe?.source(named: self.name)
        origin = source.map { $0.fetchOrigin(revision: lock?.entries[$0.name.value]?.revision) }
    }

    var files: [Artifact.File] { stage.record.artifact.files }

    /// `owner/name` of the Hugging Face hub.
    var repository: String? {
        if case .huggingFace(let repository, _, _) = origin { repository } else { nil }
    }

    /// Where others find the files; `nil` for files that lay beside the recipe.
    var uri: String? {
        switch origin {
        case nil, .path, .folder: nil
        case .url(let url, _): url
        case .pypi(let requirement, _): "pkg:pypi/" + requirement.replacing("==", with: "@").lowercased()
        case .git(let url, let revision, _): "git+\(url)@\(revision)"
        case .huggingFace(let repository, let revision, _): "pkg:huggingface/\(repository)@\(revision)"
        }
    }
}
