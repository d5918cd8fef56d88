import Declarations
import Words

package enum ModelKinds {
    static let kinds: [any StageKind.Type] = [TokenizerTrain.self, ModelInit.self, ModelImport.self, AdapterMerge.self]
}

/// Trains a byte-level BPE vocabulary on the training rows as prompts and answers.
///
/// Inputs: `data` (of `data.split`).
/// Output: `tokenizer.json`, `tokenizer_config.json`.
package struct TokenizerTrain: StageKind {
    package static let declaration = KindDeclaration(
        "tokenizer.train", revision: 1, inputs: [.required("data")], output: "`tokenizer.json`, `tokenizer_config.json`")

    @Spanned package var vocabulary = 512
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var signature = SignatureForm.types

    // 5 special tokens and 256 bytes come before the first merge.
    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$vocabulary,
            .integer("vocabulary", in: 261...262_144, "Tokens of a tokenizer trained on the rows, the 256 bytes included.")),
        .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
        .init(\.$signature, .signature, at: .elsewhere, key: .unlessStandard),
    ]
}

/// The shape of a decoder-only transformer.
package struct ModelShape: ParameterGroup {
    @Spanned package var hidden = 128
    @Spanned package var layers = 4
    @Spanned package var heads = 4
    @Spanned package var kvHeads = 2
    @Spanned package var intermediate = 256
    @Spanned package var tied = true

    package static let standard = Self()
    /// Of a teacher that a recipe says nothing about.
    package static let teacher = Self(hidden: 160, intermediate: 320)
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$hidden,
            .integer("hidden", in: 8...16_384, spelled: "", "Width; 160 for a teacher, 128 for a student.")),
        .init(\.$layers, .integer("layers", in: 1...256, "Transformer blocks.")),
        .init(\.$heads, .integer("heads", in: 1...256, "Attention heads; twice their number divides `hidden`.")),
        .init(\.$kvHeads, .integer("kv_heads", in: 1...256, "Key-value heads; their number divides `heads`.")),
        .init(
            \.$intermediate,
            .integer(
                "intermediate", in: 8...65_536, spelled: "",
                "Width of the feed-forward layers; 320 for a teacher, 256 for a student.")),
        .init(\.$tied, .flag("tied", "Whether the head shares the embedding's weights.")),
    ]
}

/// Draws the weights of a new model.
///
/// Inputs: `tokenizer`.
/// Output: a model folder: `config.json`, `generation_config.json`, `model.safetensors`, `tokenizer.json`,
/// `tokenizer_config.json`.
package struct ModelInit: StageKind {
    package static let declaration = KindDeclaration(
        "model.init", revision: 1, inputs: [.required("tokenizer")], output: "a model folder")

    package var shape = ModelShape()
    @Spanned package var seed = 2

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.shape, "shape", "The shape of the model."), .init(\.$seed, .seed("Of the weights drawn."), at: .elsewhere),
    ]
    package static let otherStandards = [ModelInit(shape: .teacher, seed: 1)]
}

/// Reads a model that was made elsewhere: a Hugging Face folder or a GGUF file.
///
/// Revision 2 takes end tokens, special tokens and heads from where `transformers` takes them, and refuses what cannot be used.
///
/// Inputs: `source`: the files as they were published, in one folder of any depth: `config.json`, weights (`model.safetensors`
/// or shards with their index) and the tokenizer's files, or one `.gguf` file; or an archive of them.
/// Output: a model folder, its weights float32; ids of special tokens and the chat template are kept. Where the model calls
/// functions in a form of its own, `decant_calls` in `tokenizer_config.json` names it, and `decant_reasons` says that a reasoning
/// may stand before them. Where its chat template shows no functions, `decant_signature` says how prompts list them.
///
/// Revision 3: prompts describe functions that the chat template does not show; before, they gave names and types alone.
///
/// Revision 2: chat models whose form of calls is recognized call in it, not in Decant's.
package struct ModelImport: StageKind {
    package static let declaration = KindDeclaration(
        "model.import", revision: 3, inputs: [.required("source")], output: "a model folder")

    @Spanned package var date: String?
    @Spanned package var answer: AnswerForm?
    @Spanned package var signature: SignatureForm?

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$date, .templateDate, at: .elsewhere), .init(\.$answer, .form, at: .elsewhere),
        .init(\.$signature, .signature, at: .elsewhere),
    ]

    package func memory(_ inputs: [String: Int]) -> Int { Memory.importing(inputs) }
    /// Weights are read, restored and written, each in the time of so many operations of a product.
    package func operations(_ workload: Workload) -> Double? { workload.model.map { 2000 * Double($0.parameters) } }
}

/// Adds low-rank adapters to the weights of the model that they were trained beside.
///
/// Revision 2 multiplies by the alphas of single modules, and refuses adapters whose making changed the model; before, both were
/// merged wrongly.
///
/// Inputs: `model` (a model folder), `adapters` (of a training stage with `lora`).
/// Output: a model folder.
package struct AdapterMerge: StageKind {
    package static let declaration = KindDeclaration(
        "adapter.merge", revision: 2, inputs: [.required("model"), .required("adapters")], output: "a model folder")

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = []

    package func memory(_ inputs: [String: Int]) -> Int { Memory.merging(inputs) }
    /// Weights are read and written, each in the time of so many operations of a product.
    package func operations(_ workload: Workload) -> Double? { workload.model.map { 1000 * Double($0.parameters) } }
}

extension Field<AnswerForm> {
    /// Beside a model that was made elsewhere.
    package static let form = choice(
        "answer", spelled: "`native` where the chat template's form is known",
        "The form of a chat model's calls: its own, as its chat template writes them (`thinking`: with `<think>…</think>` before "
            + "them where a step has a `*`), or Decant's JSON list.")
}

extension Field<SignatureForm> {
    /// Of a recipe, of a tokenizer that is trained, and of a model that was made elsewhere.
    package static let signature = choice(
        "signature", spelled: "`described` of imported models, else `types`",
        "What a prompt says of a function, where no chat template shows functions: `names` of parameters; their `types`; the "
            + "`values` of enumerations, and what may be left out; `described` adds the first sentences of the descriptions.")
}

extension Field<String> {
    /// Where prompts of imported models are spoken of.
    package static let templateDate = text(
        "date", "The day that chat templates are told, such as `2026-01-31`. Without it, those that must have one are refused.")
}
