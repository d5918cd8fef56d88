/// Draws the weights of a new model.
///
/// Inputs: `tokenizer`.
/// Output: a model folder: `config.json`, `generation_config.json`, `model.safetensors`, `tokenizer.json`,
/// `tokenizer_config.json`.
package struct ModelInit: StageKind {
    package static let name = "model.init"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("tokenizer")]

    package var shape: ModelShape
    package var seed: Int

    package init(shape: ModelShape, seed: Int) {
        self.shape = shape
        self.seed = seed
    }
}
