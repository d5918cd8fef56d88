/// A family of published models: the blocks that a layer is made of, and the names that files have for them.
///
/// All families have the same order of blocks: embedding, layers of attention and feed-forward with a norm before each, a last
/// norm, the head. The defaults here are those of most families.
package final class ModelFamily: Sendable {
    /// `model_type` of `config.json`.
    package let name: String
    /// In `architectures` of `config.json`.
    let architecture: String
    /// `general.architecture` of a GGUF file, which the keys of its metadata begin with.
    let ggufArchitecture: String
    /// Whether GGUF files have queries' and keys' rows in another order; see `RotaryPairing`.
    let ggufPairsNeighbours: Bool
    /// Channels of a head where `config.json` has no `head_dim`; `nil` is the hidden size over the heads.
    let defaultHeadDimension: Int?
    /// Fields of `config.json` that must not be true: no block here computes what they ask for.
    let refusedFields: [(name: String, reason: String)]

    let embedding: TensorName
    /// What stands before a layer's number.
    let layers: TensorName
    let attention: Attention.Tensors
    let feedForward: FeedForward.Tensors
    let finalNorm: TensorName
    let head: TensorName

    init(
        name: String, architecture: String, ggufArchitecture: String, ggufPairsNeighbours: Bool = false,
        defaultHeadDimension: Int? = nil, refusedFields: [(name: String, reason: String)] = [],
        embedding: TensorName = TensorName("model.embed_tokens", gguf: "token_embd"),
        layers: TensorName = TensorName("model.layers", gguf: "blk"), attention: Attention.Tensors = .init(),
        feedForward: FeedForward.Tensors = .init(), finalNorm: TensorName = TensorName("model.norm", gguf: "output_norm"),
        head: TensorName = TensorName("lm_head", gguf: "output")
    ) {
        (self.name, self.architecture) = (name, architecture)
        (self.ggufArchitecture, self.ggufPairsNeighbours) = (ggufArchitecture, ggufPairsNeighbours)
        (self.defaultHeadDimension, self.refusedFields) = (defaultHeadDimension, refusedFields)
        (self.embedding, self.layers) = (embedding, layers)
        (self.attention, self.feedForward) = (attention, feedForward)
        (self.finalNorm, self.head) = (finalNorm, head)
    }

    /// All families that can be read, trained and written.
    package static let all: [ModelFamily] = [.llama, .qwen2, .qwen3]

    /// The names as a sentence has them: `a, b and c`.
    static func list(_ names: [String], _ conjunction: String) -> String {
        names.dropLast().joined(separator: ", ") + " \(conjunction) " + (names.last ?? "")
    }
}

extension ModelFamily: Hashable {
    package static func == (left: ModelFamily, right: ModelFamily) -> Bool { left.name == right.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// What Hugging Face and GGUF call a module.
struct TensorName: Hashable, Sendable {
    let huggingFace: String
    let gguf: String

    init(_ huggingFace: String, gguf: String) { (self.huggingFace, self.gguf) = (huggingFace, gguf) }

    /// A module of a numbered layer.
    func inLayer(_ index: Int, of family: ModelFamily) -> TensorName {
        TensorName(
            "\(family.layers.huggingFace).\(index).\(huggingFace)", gguf: "\(family.layers.gguf).\(index).\(gguf)")
    }
}
