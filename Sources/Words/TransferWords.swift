/// What a student's distribution is compared with a teacher's by, or with the text itself. p is the teacher's distribution, q the
/// student's.
package enum Loss: String, Word {
    /// Σ p·ln(p/q)
    case forwardKL = "FKL"
    /// Σ q·ln(q/p)
    case reverseKL = "RKL"
    /// β·KL(p‖m) + (1 − β)·KL(q‖m), m = βp + (1 − β)q. At its ends that vanishes: `JSD(0)` is FKL, and `JSD(1)` RKL.
    case jensenShannon = "JSD"
    /// Forward and reverse KL, weighted by how far q is from p in the head of p and in its tail (Wu et al., 2024,
    /// arXiv 2404.02657). Head: the tokens of largest p that have at most μ together, and the first always; none for μ = 0,
    /// all for μ = 1.
    case adaptiveKL = "AKL"
    /// ½ Σ |p − q|, the total variation distance (Wen et al., 2023, arXiv 2307.15190). It is at most 1, so a token that the
    /// teacher gives no chance pulls no harder than others.
    case totalVariation = "TVD"
    /// Σ |p − q| of the sorted probabilities, token by token: universal logit distillation (Boizard et al., 2024,
    /// arXiv 2402.12030). The teacher's vocabulary may be another: the loss says how sure it is, not of what.
    case universal = "ULD"
    /// Of a teacher whose vocabulary may be another, piece of text by piece: the divergence of JSD over the tokens that both
    /// have, Σ |p − q| of the sorted probabilities over the others (General Online Logit Distillation, Patiño et al., 2025).
    case aligned = "GOLD"
    /// −ln q of the sequence's own token.
    case crossEntropy = "CE"

    /// What the loss calls its number, between 0 and 1; `nil` for a loss without one.
    package var argumentName: String? {
        switch self {
        case .jensenShannon: "β of a Jensen–Shannon divergence"
        case .adaptiveKL: "μ of an adaptive KL"
        case .aligned: "β of GOLD's divergence"
        case .forwardKL, .reverseKL, .totalVariation, .universal, .crossEntropy: nil
        }
    }

    /// Whether the teacher's vocabulary may be another than the student's.
    package var bridgesVocabularies: Bool { self == .universal || self == .aligned }

    /// The number where none is given.
    package var standardArgument: Double? { argumentName == nil ? nil : 0.5 }
}

/// One summand of a distillation loss.
package struct LossTerm: Codable, Hashable, Sendable {
    package var loss: Loss
    package var weight: Double
    /// β of JSD and of GOLD, μ of AKL; `nil` for the others, and where the standard number is meant.
    package var argument: Double?

    package init(_ loss: Loss, weight: Double = 1, argument: Double? = nil) {
        (self.loss, self.weight, self.argument) = (loss, weight, argument)
    }
}

extension [LossTerm] {
    /// Whether the teacher's vocabulary may be another than the student's.
    package var bridgesVocabularies: Bool { contains { $0.loss.bridgesVocabularies } }
}

/// Of which rows a teacher's logits are captured before a student learns from them. No student's bytes depend on it.
package enum CaptureScope: String, Word {
    /// Of all rows: students share them, whatever their steps.
    case all
    /// Of the rows that the steps read.
    case used
    /// Of none: the teacher reads a step's rows when the step needs them, in the student's own stage.
    case nothing = "none"
}

/// What becomes of the tokens whose logits were not captured.
package enum LogitsTail: String, Word {
    /// They are one bucket. Its share is known at temperature 1 alone.
    case lump
    /// p and q are renormalized over the stored tokens; −ln of what q has in them is added, weighted as the divergences are
    /// together. So forward KL is Σ p·ln(p/q) with the whole q, and no student wins by leaving the stored tokens.
    case renormalize
}

/// What turns gradients into updates.
package enum OptimizerKind: String, Word {
    case adamW = "adamw"
    /// Muon on the hidden matrices, AdamW on embeddings, norms, biases and head, both at the one learning rate: Muon's update
    /// is scaled to AdamW's usual size (root mean square 0.2).
    case muon
}

/// The matrices of a layer that can have low-rank adapters, as Hugging Face names them.
package enum AdapterTarget: String, Word {
    case query = "q_proj"
    case key = "k_proj"
    case value = "v_proj"
    case output = "o_proj"
    case gate = "gate_proj"
    case up = "up_proj"
    case down = "down_proj"
}
