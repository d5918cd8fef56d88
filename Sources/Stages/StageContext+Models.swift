import Engine
import Foundation
import Kinds

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
        for file in ModelFolder.tokenizerFiles { try copy(file, from: input) }
        // Where its answers end is part of a tokenizer that a model brought along.
        for file in ModelFolder.optionalTokenizerFiles
        where FileManager.default.fileExists(atPath: self.input(input, file).path) {
            try copy(file, from: input)
        }
    }
}
