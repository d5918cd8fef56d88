import BuildModel
import CanonicalJSON
import Diagnostics
import Files
import Foundation
import Kinds
import Planner
import RecipeLanguage
import Records
import Stages
import Store
import Words

/// What the local files of a recipe's data say before anything runs.
///
/// Where nothing is wrong with files, a store remembers which sets have rows: files are looked into again when they change.
struct DataCheck {
    /// By position.
    private(set) var findings: [Diagnostic] = []
    /// The sets that have rows, where that is known, by the data's identity.
    private(set) var sets: [Pipeline.DataIdentity: Set<String>] = [:]
    /// How many rows there are, and how long, where that is known, by the data's identity.
    private(set) var rows: [Pipeline.DataIdentity: RowFigures] = [:]
    /// Why a source was not looked into, by its name.
    private(set) var unread: [String: String] = [:]

    private let recipe: Recipe
    private let files: [String: SourceSnapshot]
    private let store: Store?

    /// - Parameters:
    ///   - files: the recipe's files that are there, by the names of their sources.
    ///   - store: remembers what was found.
    init(of recipe: Recipe, files: [String: SourceSnapshot], in store: Store?) {
        (self.recipe, self.files, self.store) = (recipe, files, store)
        var seen: Set<Pipeline.DataIdentity> = []
        for variant in recipe.variants where seen.insert(variant.pipeline.dataIdentity).inserted {
            let survey = survey(of: variant.pipeline)
            findings += survey.findings
            sets[variant.pipeline.dataIdentity] = survey.sets
            rows[variant.pipeline.dataIdentity] = survey.rows
        }
        findings = (findings + recipe.emptySets(sets)).sortedByPosition()
    }

    /// One line for each source that was not looked into.
    var notes: [String] {
        unread.sorted { $0.key < $1.key }.map { "note: the source '\($0.key)' was not looked into: \($0.value)" }
    }

    private mutating func survey(of pipeline: Pipeline) -> DataSurvey {
        switch pipeline.data.rows {
        case .generate(let generate): survey(of: generate, pipeline.data.split)
        case .ingest(let ingest): survey(of: ingest, pipeline.task, pipeline.data.split)
        }
    }

    private mutating func survey(of generate: GenerateSection, _ split: DataSplit) -> DataSurvey {
        let inputs = [generate.functions.value, generate.templates.value].map { file($0) }
        guard let functions = inputs[0], let templates = inputs[1] else { return DataSurvey() }
        return remembered(generate.kind, [functions, templates], split) {
            guard let functionText = text(functions), let templateText = text(templates) else { return DataSurvey() }
            return generate.kind.survey(functions: functionText, templates: templateText, split: split)
        }
    }

    private mutating func survey(of ingest: IngestSection, _ task: TaskSection, _ split: DataSplit) -> DataSurvey {
        let placed = ingest.placed.map { ($0.set.value, [$0.source]) }
        let roles = [("train", ingest.divided), ("test", ingest.test)] + placed
        var files: [LocalFile] = []
        var rows: [SurveyedFile] = []
        var hasOthers = false
        for (set, sources) in roles {
            for source in sources {
                guard let file = file(source.name.value), canBeRead(file, source.name.value) else {
                    hasOthers = true
                    continue
                }
                files.append(file)
                rows.append(
                    SurveyedFile(
                        url: URL(fileURLWithPath: file.snapshot.path), path: file.shownPath, set: set,
                        format: source.format.value, columns: source.reading.columns.value ?? [:],
                        calls: source.reading.calls.value, isUnlabelled: source.isUnlabelled))
            }
        }
        var kind = task.rows
        (kind.$badRows, kind.$skip) = (ingest.badRows, ingest.skip)
        let schema = task.schemaSource.flatMap { file($0.value) }
        let functions = ingest.functions.flatMap { file($0.value) }
        if task.schemaSource != nil && schema == nil || ingest.functions != nil && functions == nil { return DataSurvey() }
        let layout = JSON.array([.bool(hasOthers)] + rows.map(Self.layout))
        return remembered(kind, files + [schema, functions].compactMap(\.self), split, layout) {
            kind.survey(
                files: rows, schema: schema.flatMap(text), functions: functions.flatMap(text), hasOthers: hasOthers,
                split: split)
        }
    }

    private static func layout(of file: SurveyedFile) -> JSON {
        .array(
            [.string(file.set), .string(file.format.rawValue), .object(file.columns.mapValues(JSON.string))]
                + (file.isUnlabelled ? [.string(RowExpectation.unknown.rawValue)] : [])
                + (file.calls.isEmpty ? [] : [["calls": .string(file.calls)]]))
    }

    /// Notes a file whose container nothing on this machine reads.
    private mutating func canBeRead(_ file: LocalFile, _ name: String) -> Bool {
        let records = RecordFile(URL(fileURLWithPath: file.snapshot.path), named: file.shownPath)
        guard let container = try? records.form().container, !container.isText, !ColumnLibrary().isInstalled else {
            return true
        }
        unread[name] = "what reads \(container.rawValue) is not installed on this machine; run `decant install parquet`, once"
        return false
    }

    /// What the store remembers of a survey of the same files, else what a new one finds.
    private func remembered(
        _ kind: some StageKind, _ files: [LocalFile], _ split: DataSplit, _ layout: JSON = .null, make: () -> DataSurvey
    ) -> DataSurvey {
        var split = split
        split.settle()
        guard let store, !files.contains(where: \.isPinned), let parameters = try? kind.json, let dividing = try? split.json
        else { return make() }
        let identity: JSON = [
            "survey": .count(DataSurvey.revision), "kind": .string(type(of: kind).name), "parameters": parameters,
            "split": dividing, "layout": layout,
            "files": .array(files.flatMap(\.snapshot.files).map { [.string($0.path), .string($0.digest.hex)] }),
        ]
        let key = Digest(hashing: identity.canonicalBytes)
        if let text = try? store.survey(key) { return DataSurvey(remembered: text) }
        let survey = make()
        // A store that cannot be written remembers nothing.
        if let text = survey.memory { try? store.remember(survey: text, key) }
        return survey
    }

    /// A file that is there, by the name of its source.
    private struct LocalFile {
        var snapshot: SourceSnapshot
        var shownPath: String
        /// Whether the recipe says which bytes it has, so that nobody has looked yet.
        var isPinned: Bool
    }

    private mutating func file(_ name: String) -> LocalFile? {
        guard let source = recipe.source(named: name) else {
            unread[name] = "a stage makes it"
            return nil
        }
        guard case .path(let path) = source.origin else {
            unread[name] = "it is not on this machine"
            return nil
        }
        guard let snapshot = files[name] else { return nil }
        guard !snapshot.isFolder else {
            unread[name] = "it is a folder, whose files are looked at when they are read"
            return nil
        }
        if source.sha256 != nil, RegularFile.problem(at: snapshot.path) != nil {
            unread[name] = "it is not there"
            return nil
        }
        return LocalFile(
            snapshot: snapshot, shownPath: RecipeFile.shownPath(path.value, from: path.span.source),
            isPinned: source.sha256 != nil)
    }

    private func text(_ file: LocalFile) -> SourceText? {
        guard let bytes = try? RegularFile.contents(of: file.snapshot.path, limit: 64 << 20) else { return nil }
        return SourceText(path: file.shownPath, bytes: bytes)
    }
}
