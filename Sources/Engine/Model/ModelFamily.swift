/// A family of published models: the blocks that a layer is made of, and the names that files have for them.
///
/// All families have the same order of blocks: embedding, layers of attention and feed-forward, a last norm, the head. The
/// defaults here are those of most families.
package final class ModelFamily: Sendable {
    /// `model_type` of `config.json`.
    package let name: String
    /// In `architectures` of `config.json`.
    let architecture: String
    let gguf: GGUFForm
    /// What stands for fields that a `config.json` lacks.
    let defaults: ConfigurationDefaults
    /// Fields of `config.json` that must not be true: no block here computes what they ask for.
    let refusedFields: [(name: String, reason: String)]
    /// Which layers have a window; `nil` where none can have one.
    let windows: WindowRule?
    /// 4: every fourth layer has no rotary embedding where `no_rope_layers` does not say which ones; `nil` in families that have
    /// it everywhere.
    let unturnedInterval: Int?
    /// Whether the rotary embedding may turn a part of each head.
    let turnsParts: Bool
    /// What is added to the stored weights of norms.
    let normShift: Float
    /// Whether rows of the embedding are multiplied by the root of the hidden size.
    let scalesEmbedding: Bool

    let embedding: TensorName
    /// What stands before a layer's number.
    let layers: TensorName
    let attention: Attention.Tensors
    let feedForward: FeedForward.Tensors
    let finalNorm: TensorName
    let head: TensorName

    init(
        name: String, architecture: String, gguf: GGUFForm, defaults: ConfigurationDefaults = ConfigurationDefaults(),
        refusedFields: [(name: String, reason: String)] = [], windows: WindowRule? = nil, unturnedInterval: Int? = nil,
        turnsParts: Bool = false, normShift: Float = 0, scalesEmbedding: Bool = false,
        embedding: TensorName = TensorName("model.embed_tokens", gguf: "token_embd"),
        layers: TensorName = TensorName("model.layers", gguf: "blk"), attention: Attention.Tensors = .init(),
        feedForward: FeedForward.Tensors = .init(), finalNorm: TensorName = TensorName("model.norm", gguf: "output_norm"),
        head: TensorName = TensorName("lm_head", gguf: "output")
    ) {
        (self.name, self.architecture, self.gguf) = (name, architecture, gguf)
        (self.defaults, self.refusedFields) = (defaults, refusedFields)
        (self.windows, self.unturnedInterval, self.turnsParts) = (windows, unturnedInterval, turnsParts)
        (self.normShift, self.scalesEmbedding) = (normShift, scalesEmbedding)
        (self.embedding, self.layers) = (embedding, layers)
        (self.attention, self.feedForward) = (attention, feedForward)
        (self.finalNorm, self.head) = (finalNorm, head)
    }

    /// All families that can be read, trained and written.
    package static let all: [ModelFamily] = [.llama, .qwen2, .qwen3, .mistral, .gemma3, .olmo2, .smolLM3, .phi3]

    /// The names as a sentence has them: `a, b and c`.
    static func list(_ names: [String], _ conjunction: String) -> String {
        names.dropLast().joined(separator: ", ") + " \(conjunction) " + (names.last ?? "")
    }
}

extension ModelFamily: Hashable, CustomStringConvertible {
    package var description: String { name }
    package static func == (left: ModelFamily, right: ModelFamily) -> Bool { left.name == right.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// What `transformers` takes for fields that a family's `config.json` lacks.
struct ConfigurationDefaults: Sendable {
    /// Channels of a head; `nil` is the hidden size over the heads.
    var headDimension: Int?
    var tiesEmbeddings = false
    var normEpsilon = 1e-6
    var ropeTheta = 10_000.0
    /// Of the layers with a window; `nil` in families whose layers all turn alike.
    var localRopeTheta: Double?
    /// The number whose root divides the scores; `nil` in families where it is always the channels of a head.
    var queryScalar: Double?
    /// Whether it takes ids of its own for tokens that are not named, so that `null` has to say that there are none.
    var hasTokens = false
}

/// How GGUF files have models of a family.
struct GGUFForm: Sendable {
    /// `general.architecture`, which the keys of the metadata begin with.
    var architecture: String
    /// Whether queries' and keys' rows are in another order; see `RotaryPairing`.
    var pairsNeighbours = false
    /// 6: llama.cpp gives a window to all layers of this architecture but every sixth; `nil` where it knows no windows.
    var windowInterval: Int?
    /// Whether llama.cpp wants a head of its own, even where it is the embedding.
    var needsHead = false
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
