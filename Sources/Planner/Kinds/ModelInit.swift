/// Draws the weights of a new model.
///
/// Inputs: `tokenizer`.
/// Output: a model folder: `config.json`, `generation_config.json`, `model.safetensors`, `tokenizer.json`,
/// `tokenizer_config.json`.
public struct ModelInit: StageKind {
    public static let name = "model.init"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("tokenizer")]

    public var shape: ModelShape
    public var seed: Int

    public init(shape: ModelShape, seed: Int) {
        self.shape = shape
        self.seed = seed
    }
}
