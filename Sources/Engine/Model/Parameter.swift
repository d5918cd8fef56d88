/// A named tensor of a model, at its place in the model's one array of values.
package struct Parameter: Hashable, Sendable {
    package enum Role: Hashable, Sendable {
        case embedding
        /// A matrix between hidden states: what Muon trains.
        case hiddenMatrix
        case bias
        case norm
        case head
        /// A factor of low rank beside a matrix.
        case adapter
    }

    /// As Hugging Face names it.
    package let name: String
    /// As GGUF names it.
    var ggufName = ""
    /// A matrix is [out, in].
    package let shape: [Int]
    /// The meaning of rows and columns; empty where pruning does not use them.
    var axes: [Axis] = []
    package let role: Role
    /// The layer that it is a part of.
    var layer: Int?
    /// What a layer's matrix reads.
    var input: LinearInput?
    /// Whether its rows are turned by the rotary embedding.
    var isRotated = false
    /// Of the first value.
    package let offset: Int

    package var count: Int { shape.reduce(1, *) }
    /// Values of a row; a vector's rows have one.
    var columns: Int { shape.count > 1 ? shape[1] : 1 }
    package var range: Range<Int> { offset..<offset + count }

    /// Whether weight decay applies: not to norms and biases.
    package var decays: Bool { role != .bias && role != .norm }

    /// The module that it is a tensor of.
    var module: String { name.split(separator: ".").dropLast().joined(separator: ".") }

    /// The input of a layer that it reads.
    var place: LinearPlace? {
        guard let layer, let input else { return nil }
        return LinearPlace(layer: layer, input: input)
    }

    /// Whether its outputs are added to the hidden states.
    var writesHiddenStates: Bool { role == .hiddenMatrix && axes.first == .hidden }
}

/// What the rows or the columns of a tensor stand for. Pruned models have fewer of some.
enum Axis: Hashable, Sendable {
    case vocabulary
    case hidden
    /// The channels of all query heads, side by side.
    case queries
    /// The channels of all key heads, or of all value heads.
    case keyValues
    /// The channels of one head.
    case head
    /// Of a feed-forward block.
    case neurons
    /// The channels of all query, key and value heads, side by side.
    case projections
    /// The gates of all neurons, then their ups.
    case gateUp

    func size(in configuration: ModelConfiguration) -> Int {
        switch self {
        case .vocabulary: configuration.vocabularySize
        case .hidden: configuration.hiddenSize
        case .queries: configuration.attentionSize
        case .keyValues: configuration.keyValueSize
        case .head: configuration.headDimension
        case .neurons: configuration.intermediateSize
        case .projections: configuration.projectionSize
        case .gateUp: 2 * configuration.intermediateSize
        }
    }
}

/// An input of a layer's linear modules. Modules with the same input share its statistics.
package enum LinearInput: String, CaseIterable, Hashable, Sendable {
    /// Normalized hidden states, of the projections to queries, keys and values.
    case attention
    /// The heads' outputs.
    case output
    /// Normalized hidden states, of gate and up.
    case feedForward = "feed_forward"
    /// silu(gate)·up.
    case down

    /// Where it is read.
    var half: LayerHalf {
        switch self {
        case .attention, .output: .attention
        case .feedForward, .down: .feedForward
        }
    }

    var axis: Axis {
        switch self {
        case .attention, .feedForward: .hidden
        case .output: .queries
        case .down: .neurons
        }
    }

    func width(in configuration: ModelConfiguration) -> Int { axis.size(in: configuration) }
}

/// Half of a layer: what it computes between two sums of the hidden states.
enum LayerHalf: CaseIterable {
    case attention, feedForward
}

/// An input of one layer.
struct LinearPlace: Hashable, Comparable {
    let layer: Int
    let input: LinearInput

    /// In the order in which a model computes them.
    static func < (left: LinearPlace, right: LinearPlace) -> Bool {
        (left.layer, left.input.order) < (right.layer, right.input.order)
    }
}

extension LinearInput {
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
