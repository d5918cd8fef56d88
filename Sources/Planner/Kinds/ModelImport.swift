/// Reads a model that was made elsewhere: a Hugging Face folder or a GGUF file.
///
/// Inputs: `source`: the files as they were published, in one folder of any depth: `config.json`, weights (`model.safetensors`
/// or shards with their index) and the tokenizer's files, or one `.gguf` file.
/// Output: a model folder, its weights float32; ids of special tokens and the chat template are kept.
package struct ModelImport: StageKind {
    package static let name = "model.import"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("source")]

    package init() {}

    package func memory(_ inputs: [String: Int]) -> Int { Memory.importing(inputs) }
}
