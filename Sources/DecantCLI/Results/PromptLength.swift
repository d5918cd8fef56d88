import BuildModel
import Engine
import Foundation
import Stages
import Store
import Words

/// What a model's prompts spend on functions.
enum PromptLength {
    /// The mean number of tokens of one of the functions that a model's data has; `nil` where its prompts list none, and where
    /// the files that tell are not here.
    static func tokensPerFunction(of target: StoredTarget, in store: Store) -> Double? {
        guard target.record.artifact.isModel else { return nil }
        return try? tokens(of: target.record, in: store)
    }

    private static func tokens(of model: StageRecord, in store: Store) throws -> Double? {
        let history = ModelHistory(try store.lineage(of: model), of: model.commit)
        guard try history.task(in: store).kind == .calls else { return nil }
        let functions = try history.functions(in: store)
        let place = URL.temporaryDirectory.appending(path: "decant-show-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: place) }
        try store.copyTexts(of: model.artifact, to: place)
        let folder = ModelFolder(place)
        let style = try folder.promptFormat() ?? history.prompt
        return style == .tools ? try folder.prompts(.tools).tokensPerFunction(functions.values) : nil
    }
}

extension Store {
    /// Lays out the files of a model that say how texts become tokens, all but its weights.
    func copyTexts(of artifact: Artifact, to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for file in artifact.files where !file.path.contains("/") {
            guard file.path.hasSuffix(".json") || file.path.hasSuffix(".jinja") else { continue }
            try copyObject(file.digest, to: folder.appending(path: file.path))
        }
    }
}
