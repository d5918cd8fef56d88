import Engine
import Foundation
import Planner

extension StageContext {
    func modelFolder(_ input: String) -> ModelFolder { ModelFolder(self.input(input)) }

    /// Writes a model folder whose tokenizer is that of an input.
    func write(_ model: Model, tokenizerFrom input: String) throws {
        try ModelFolder(output("")).write(model)
        for file in ModelFolder.tokenizerFiles { try copy(file, from: input) }
        // Where its answers end is part of a tokenizer that a model brought along, and not Decant's to say.
        let files = FileManager.default
        for file in ModelFolder.optionalTokenizerFiles where files.fileExists(atPath: self.input(input, file).path) {
            if files.fileExists(atPath: output(file).path) { try files.removeItem(at: output(file)) }
            try copy(file, from: input)
        }
    }
}
