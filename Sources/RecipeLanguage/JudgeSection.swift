/// `judge`: who decides whether an answer is right, for rollouts and in the evaluation alike.
public struct JudgeSection: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case ast
        case exact
    }

    public let kind: Spanned<Kind>
    /// Accepted answers kept per row.
    public let keep: Spanned<Int>

    init(reading recipe: Fields) {
        let fields = recipe.section("judge", known: ["kind", "keep"])
        kind = fields.choice("kind", default: Kind.ast)
        keep = fields.integer("keep", default: Defaults.keep, in: 1...64)
    }
}

/// `sample`: how the teacher answers the training prompts.
public struct SampleSection: Sendable {
    /// Answers per prompt.
    public let samples: Spanned<Int>
    /// 0 is greedy.
    public let temperature: Spanned<Double>
    /// New tokens at most.
    public let maxTokens: Spanned<Int>
    public let seed: Spanned<Int>

    init(reading recipe: Fields) {
        let fields = recipe.section("sample", known: ["samples", "temperature", "max_tokens", "seed"])
        samples = fields.integer("samples", default: Defaults.samples, in: 1...64)
        temperature = fields.number("temperature", default: Defaults.samplingTemperature, in: 0...5)
        maxTokens = fields.integer("max_tokens", default: Defaults.maxTokens, in: 1...4096)
        seed = fields.integer("seed", default: Defaults.samplingSeed, in: 0...Int.max)
    }
}
