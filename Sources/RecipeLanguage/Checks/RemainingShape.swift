import Declarations
import Kinds

/// What pruning leaves of a student, as far as a recipe tells: sides that a ratio has changed are `nil`.
struct RemainingShape {
    private(set) var hidden: Spanned<Int>?
    private(set) var layers: Spanned<Int>?
    private(set) var intermediate: Spanned<Int>?
    private(set) var kvHeads: Spanned<Int>?
    /// `nil` where a side or the vocabulary is not known.
    private(set) var size: ModelSize?

    init(_ shape: ModelShape, vocabulary: Int?) {
        (hidden, layers, intermediate, kvHeads) = (shape.$hidden, shape.$layers, shape.$intermediate, shape.$kvHeads)
        size = vocabulary.map { ModelSize(shape, vocabulary: $0) }
    }

    mutating func lose(_ turn: PruneTurn) {
        switch turn.amount {
        case .settings: lose(turn.apply)
        case .vocabulary: size = nil
        case .ratios:
            size = nil
            switch turn.method.value {
            case .depth: layers = nil
            case .width: (hidden, intermediate) = (nil, nil)
            case .osscar, .magnitude, .activation: intermediate = nil
            }
        }
    }

    private mutating func lose(_ settings: PruneApply) {
        if let fewer = settings.layers, let before = layers?.value { layers?.value = max(1, before - fewer) }
        if let left = settings.hidden { hidden?.value = left }
        if let left = settings.intermediate { intermediate?.value = left }
        if let left = settings.kvHeads { kvHeads?.value = left }
        guard var smaller = size else { return }
        smaller.heads = smaller.heads / max(smaller.kvHeads, 1) * (kvHeads?.value ?? smaller.kvHeads)
        smaller.kvHeads = kvHeads?.value ?? smaller.kvHeads
        smaller.hidden = hidden?.value ?? smaller.hidden
        smaller.intermediate = intermediate?.value ?? smaller.intermediate
        smaller.layers = layers?.value ?? smaller.layers
        size = smaller
    }
}
