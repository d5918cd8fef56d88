import Engine
import Foundation
import Planner

extension StageContext {
    func modelFolder(_ input: String) -> ModelFolder { ModelFolder(self.input(input)) }

    /// Writes a model folder whose tokenizer is that of an input.
    func write(_ model: Model, tokenizerFrom input: String) throws {
        try ModelFolder(output("")).write(model)
        for file in ModelFolder.tokenizerFiles { try copy(file, from: input) }
    }
}
