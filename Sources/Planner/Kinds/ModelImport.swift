/// Reads a model that was made elsewhere: a Hugging Face folder or a GGUF file.
///
/// Inputs: `source`: the files as they were published.
/// Output: a model folder.
public struct ModelImport: StageKind {
    public static let name = "model.import"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("source")]

    public init() {}
}
