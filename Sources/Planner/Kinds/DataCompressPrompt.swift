/// Takes guidelines, format rules and examples out of prompts (From Large to Super-Tiny, appendix B).
///
/// Rows lose `instructions` and `examples`, and keep query, `context`, `knowledge` and functions. A function's description is
/// cut to its first sentence, and its parameters keep names, types and values, not their descriptions.
///
/// Inputs: `data` (of `data.split`, `data.retrieve` or `data.knowledge`), `tokenizer` (a folder with `tokenizer.json`) where
/// tokens are to be counted.
/// Output: as its input, and `compression.json`: the characters (and tokens) of each part of the prompts before and after,
/// by set.
package struct DataCompressPrompt: StageKind {
    package static let name = "data.compress-prompt"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("data"), .optional("tokenizer")]

    package init() {}
}
