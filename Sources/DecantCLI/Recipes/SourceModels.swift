import BuildModel
import CanonicalJSON
import Engine
import Files
import Foundation
import Kinds
import Planner
import RecipeLanguage
import Store

/// The models that a recipe imports, as far as their files are at hand: beside the recipe, or fetched before.
struct SourceModels {
    private let recipe: Recipe
    private let snapshots: [String: SourceSnapshot]
    private let lock: SourceLock?
    private let store: Store?

    init(of recipe: Recipe, files snapshots: [String: SourceSnapshot], lock: SourceLock?, in store: Store?) {
        (self.recipe, self.snapshots, self.lock, self.store) = (recipe, snapshots, lock, store)
    }

    /// By the names of their sources. What cannot be read is left out: the import will say what is wrong with it.
    var known: [String: KnownModel] {
        var names: Set<String> = []
        for pipeline in recipe.pipelinesButForSeeds {
            let origins = [pipeline.student.origin, pipeline.teacher.origin] + pipeline.teachers.map(\.origin)
            names.formUnion(origins.compactMap { $0.reference?.value })
        }
        var models: [String: KnownModel] = [:]
        for name in names { models[name] = recipe.source(named: name).flatMap { model(of: $0) } }
        return models
    }

    private func model(of source: Source) -> KnownModel? {
        let files = files(of: source)
        guard let place = Self.place(among: files.map(\.path)), let file = files.first(where: { $0.path == place }) else {
            return nil
        }
        let key = Digest(hashing: "model dimensions 1 \(file.digest.hex)")
        if let text = try? store?.survey(key), let known = KnownModel(remembered: text) { return known }
        guard let model = Self.read(file.url) else { return nil }
        // A store that cannot be written remembers nothing.
        try? store?.remember(survey: model.memory, key)
        return model
    }

    private func files(of source: Source) -> [(path: String, digest: Digest, url: URL)] {
        if let snapshot = snapshots[source.name.value] {
            return snapshot.files.map { file in
                let path = snapshot.isFolder ? "\(snapshot.path)/\(file.path)" : snapshot.path
                return (path: file.path, digest: file.digest, url: URL(fileURLWithPath: path))
            }
        }
        return source.pinnedFiles(lock).compactMap { file in
            (store?.object(file.digest)?.url).map { (path: file.path, digest: file.digest, url: $0) }
        }
    }

    /// The file that says of what shape the one model is: `config.json` beside its weights, or a GGUF file.
    private static func place(among paths: [String]) -> String? {
        let models = GGUFParts.models(among: paths)
        let configurations = paths.filter { ($0 as NSString).lastPathComponent == ModelFolder.configurationFile }
        let all = models + configurations
        return all.count == 1 ? all[0] : nil
    }

    private static func read(_ url: URL) -> KnownModel? {
        // An object of the store has no name of its own.
        if let configuration = try? GGUFFile(reading: url).configuration() { return KnownModel(configuration) }
        guard let bytes = try? RegularFile.contents(of: url.path, limit: 1 << 20), let json = try? JSON(parsing: bytes),
            let configuration = try? ModelConfiguration(json: json)
        else { return nil }
        return KnownModel(configuration)
    }
}

extension KnownModel {
    fileprivate init(_ configuration: ModelConfiguration) {
        let dimensions = ModelDimensions(configuration)
        self.init(
            work: ModelWork(
                parameters: dimensions.parameterCount, matrices: dimensions.matrixCount, width: dimensions.width),
            columns: dimensions.columns)
    }

    /// As a store remembers it.
    fileprivate var memory: String {
        ([work.parameters, work.matrices, work.width] + columns).map(String.init).joined(separator: " ")
    }

    fileprivate init?(remembered text: String) {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        guard numbers.count > 3 else { return nil }
        self.init(
            work: ModelWork(parameters: numbers[0], matrices: numbers[1], width: numbers[2]), columns: Array(numbers[3...]))
    }
}
