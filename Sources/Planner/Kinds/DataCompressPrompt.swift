/// Takes guidelines, format rules and examples out of prompts (From Large to Super-Tiny, appendix B).
///
/// Inputs: `data` (of `data.split` or `data.retrieve`).
/// Output: as its input.
public struct DataCompressPrompt: StageKind {
    public static let name = "data.compress-prompt"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("data")]

    public init() {}
}
