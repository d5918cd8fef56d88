import Archives
import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

/// The files of a model folder that stages name.
package enum ModelFiles {
    package static let configuration = File<JSON>(ModelFolder.configurationFile)
    package static let weights = WeightFiles.single
    /// In the place of `weights` where a model is quantized for llama.cpp.
    package static let gguf = ModelFolder.ggufFile
    static let tokenizer = ModelFolder.tokenizerFiles[0]
}

extension StageContext {
    func modelFolder(_ input: String) -> ModelFolder { ModelFolder(self.input(input)) }

    /// The model of an input, to be run in the action's numerics.
    func inferenceModel(_ input: String) throws -> InferenceModel {
        var model = try modelFolder(input).inferenceModel()
        model.products = products
        return model
    }

    /// Writes a model folder whose tokenizer is that of an input.
    func write(_ model: Model, tokenizerFrom input: String) throws {
        try ModelFolder(output("")).write(model)
        try copyTokenizer(from: input)
    }

    /// Copies the tokenizer of an input's model folder, and the files that say where an answer ends.
    ///
    /// - Parameter required: the files that must be there.
    func copyTokenizer(from input: String, required: [String] = ModelFolder.tokenizerFiles) throws {
        for file in ModelFolder.tokenizerFiles + ModelFolder.optionalTokenizerFiles
        where required.contains(file) || FileManager.default.fileExists(atPath: self.input(input, file).path) {
            try copy(file, from: input)
        }
    }
}

extension ModelInit: RunnableStage {
    package static let artifact: [Output] = [.model]

    package func run(in context: StageContext) throws {
        let tokenizer = try context.modelFolder("tokenizer").tokenizer()
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: shape.hidden, layerCount: shape.layers,
            headCount: shape.heads, keyValueHeadCount: shape.kvHeads, intermediateSize: shape.intermediate,
            tiesEmbeddings: shape.tied)
        let model = Model(initializing: configuration, seed: UInt64(bitPattern: Int64(seed)))
        try context.write(model, tokenizerFrom: "tokenizer")
    }
}

extension ModelImport: RunnableStage {
    package static let artifact: [Output] = [.model]

    package func run(in context: StageContext) throws {
        let output = ModelFolder(context.output(""))
        let unpacked = URL.temporaryDirectory.appending(path: "model-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: unpacked) }
        switch try PublishedModel(in: context.input("source"), unpackingTo: unpacked) {
        case .folder(let url): try output.importModel(from: ModelFolder(url), day: date)
        case .gguf(let url): try output.importModel(from: GGUFFile(reading: url), day: date)
        }
    }
}

/// The files of a source, and its folders that have weights beside their `config.json`.
func modelFolders(in source: URL) throws -> (files: [String], folders: [String]) {
    let files = try FileManager.default.subpathsOfDirectory(atPath: source.path).sorted()
    func folder(of path: String) -> String { (path as NSString).deletingLastPathComponent }
    let withWeights = Set(files.filter { $0.hasSuffix(".safetensors") }.map(folder))
    let configured = files.filter { ($0 as NSString).lastPathComponent == ModelFiles.configuration.name }.map(folder)
    return (files, configured.filter(withWeights.contains))
}

/// The one model among the files of a source.
private enum PublishedModel {
    case folder(URL)
    case gguf(URL)

    /// - Parameter folder: does not exist; an archive that is the source's one file is unpacked into it.
    init(in source: URL, unpackingTo folder: URL) throws {
        let packed = try FileManager.default.contentsOfDirectory(atPath: source.path)
        guard packed.count == 1, Self.isArchive(packed[0]) else {
            try self.init(in: source)
            return
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        _ = try Archive(source.appending(path: packed[0])).extract(into: folder) { path in
            !path.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        try self.init(in: folder)
    }

    private static func isArchive(_ name: String) -> Bool {
        [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".zip"].contains { name.lowercased().hasSuffix($0) }
    }

    private init(in source: URL) throws {
        let (files, folders) = try modelFolders(in: source)
        let single = GGUFParts.models(among: files)
        switch (folders.count, single.count) {
        case (1, 0): self = .folder(source.appending(path: folders[0], directoryHint: .isDirectory))
        case (0, 1): self = .gguf(source.appending(path: single[0]))
        case (0, 0):
            throw StageFailure(
                "the source has neither a config.json with .safetensors files beside it nor a .gguf file, but "
                    + Self.list(files) + "; name the model's files as its members")
        default:
            throw StageFailure(
                "the source has more than one model: " + Self.list(folders.map { $0 + "/config.json" } + single)
                    + "; name the files of one of them as its members")
        }
    }

    private static func list(_ files: [String]) -> String {
        files.prefix(8).joined(separator: ", ") + (files.count > 8 ? " and \(files.count - 8) more" : "")
    }
}

extension AdapterMerge: RunnableStage {
    package static let artifact: [Output] = [.model]

    package func run(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        let merged = try AdapterFolder(context.input("adapters")).merged(into: model, workers: context.workers)
        try context.write(merged, tokenizerFrom: "model")
    }
}

extension TokenizerTrain: RunnableStage {
    package static let artifact: [Output] = ModelFolder.tokenizerFiles.map { .named($0) }

    package func run(in context: StageContext) throws {
        let task = try context.readTask()
        let (format, answer) = (prompt, answer)
        let rows = try context.read(DataFiles.train, from: "data")
        var texts = try rows.flatMap { try task.texts(of: $0, in: format) }
        if answer == .reasoning {
            texts += try rows.filter { !$0.isPassage }.map { try task.response(to: $0, in: answer) }
        }
        let tokenizer = try TokenizerTrainer(vocabularySize: vocabulary).train(on: texts)
        try tokenizer.write(to: context.output(""), format: format)
    }
}
