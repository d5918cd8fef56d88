/// Reads a model that was made elsewhere: a Hugging Face folder or a GGUF file.
///
/// Inputs: `source`: the files as they were published, in one folder of any depth: `config.json`, weights (`model.safetensors`
/// or shards with their index) and the tokenizer's files, or one `.gguf` file.
/// Output: a model folder, its weights float32; ids of special tokens and the chat template are kept.
public struct ModelImport: StageKind {
    public static let name = "model.import"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("source")]

    public init() {}

    public func memory(_ inputs: [String: Int]) -> Int { Memory.importing(inputs) }
}
