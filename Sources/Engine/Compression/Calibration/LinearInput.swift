/// What a layer's linear modules read. Modules that read the same values share its statistics.
package enum LinearInput: String, CaseIterable, Hashable, Sendable {
    /// Normalized hidden states, of the projections to queries, keys and values.
    case attention
    /// The heads' outputs.
    case output
    /// Normalized hidden states, of gate and up.
    case feedForward = "feed_forward"
    /// silu(gate)·up.
    case down

    /// The modules that read it, as they are named within a layer.
    var modules: [String] {
        switch self {
        case .attention: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]
        case .output: ["self_attn.o_proj"]
        case .feedForward: ["mlp.gate_proj", "mlp.up_proj"]
        case .down: ["mlp.down_proj"]
        }
    }

    /// Where it is read.
    var half: LayerHalf {
        switch self {
        case .attention, .output: .attention
        case .feedForward, .down: .feedForward
        }
    }

    func width(in configuration: ModelConfiguration) -> Int {
        switch self {
        case .attention, .feedForward: configuration.hiddenSize
        case .output: configuration.attentionSize
        case .down: configuration.intermediateSize
        }
    }
}

/// What a layer does between two of the sums that hidden states are.
enum LayerHalf: CaseIterable {
    case attention, feedForward
}

/// An input of one layer.
struct LinearPlace: Hashable, Comparable {
    let layer: Int
    let input: LinearInput

    init(layer: Int, input: LinearInput) {
        self.layer = layer
        self.input = input
    }

    /// The place of a module such as `model.layers.3.mlp.up_proj`; `nil` for one outside the layers.
    init?(module: String) {
        let parts = module.split(separator: ".", maxSplits: 3).map(String.init)
        guard parts.count == 4, parts[0] == "model", parts[1] == "layers", let layer = Int(parts[2]),
            let input = LinearInput.allCases.first(where: { $0.modules.contains(parts[3]) })
        else { return nil }
        self.init(layer: layer, input: input)
    }

    /// The whole names of the modules that read it.
    var modules: [String] { input.modules.map { "model.layers.\(layer).\($0)" } }

    /// In the order in which a model computes them.
    static func < (left: LinearPlace, right: LinearPlace) -> Bool {
        (left.layer, left.input.order) < (right.layer, right.input.order)
    }
}

extension LinearInput {
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
