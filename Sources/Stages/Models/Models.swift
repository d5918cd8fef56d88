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
    static let tokenizerSettings = ModelFolder.tokenizerFiles[1]
    package static let settings = File<JSON>(tokenizerSettings)
}

extension StageContext {
    func modelFolder(_ input: String) -> ModelFolder { ModelFolder(self.input(input)) }

    /// The model of an input, to be run in the action's numerics.
    func inferenceModel(_ input: String) throws -> InferenceModel {
        var model = try modelFolder(input).inferenceModel()
        model.products = products
        return model
    }

    /// The model of an input, to answer or to teach: over its tokenizer's tokens, without the rows that pad its embedding.
    func unpaddedInferenceModel(_ input: String) throws -> InferenceModel {
        var model = try modelFolder(input).unpaddedInferenceModel()
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
        let form = try context.withPublishedFiles(of: "source") { files in
            switch try files.model() {
            case .folder(let url):
                try output.importModel(from: ModelFolder(url), day: date, answer: answer, signature: signature)
            case .gguf(let url):
                try output.importModel(from: GGUFFile(reading: url), day: date, answer: answer, signature: signature)
            }
        }
        if let form { context.log(form) }
    }
}

extension AdapterMerge: RunnableStage {
    package static let artifact: [Output] = [.model]

    package func run(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        let merged = try context.withPublishedFiles(of: "adapters") { files in
            try AdapterFolder(files.adapters()).merged(into: model, workers: context.workers)
        }
        try context.write(merged, tokenizerFrom: "model")
    }
}

extension TokenizerTrain: RunnableStage {
    package static let artifact: [Output] = ModelFolder.tokenizerFiles.map { .named($0) }

    package func run(in context: StageContext) throws {
        let task = try context.readTask()
        let (format, answer, signature) = (prompt, answer, signature)
        let rows = try context.read(DataFiles.train, from: "data")
        var texts = try rows.flatMap { try task.texts(of: $0, in: format, as: signature) }
        if answer == .reasoning {
            texts += try rows.filter { !$0.isPassage && !$0.isUnlabelled }.map { try task.response(to: $0, in: answer) }
        }
        let tokenizer = try TokenizerTrainer(vocabularySize: vocabulary).train(on: texts)
        try tokenizer.write(to: context.output(""), format: format, signature: signature)
    }
}
