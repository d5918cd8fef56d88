import Words

extension EvaluateSection {
    /// A column of a report.
    package enum Metric: String, Word {
        /// Share of rows that the judge accepts.
        case ar
        case exact
        /// Share of the rows that want no call and get none.
        case noCall = "no_call"
        /// Of the arguments of calls, one by one.
        case argumentPrecision = "argument_precision"
        case argumentRecall = "argument_recall"
        case argumentF1 = "argument_f1"
        /// Of calls that are read as frames.
        case domain
        case intent
        case slotF1 = "slot_f1"
        case frame
        case accuracy
        case macroF1 = "macro_f1"
        case fieldPrecision = "field_precision"
        case fieldRecall = "field_recall"
        case fieldF1 = "field_f1"
        case normalized
        case tokenF1 = "token_f1"
        case rougeL = "rouge_l"
        case strictMatch = "strict_match"
        case flexibleExtract = "flexible_extract"
        case acc
        case accNorm = "acc_norm"
        case accBytes = "acc_bytes"
        case greedy
        case auc
        case mrr
        case ndcg
        case pairs
        /// Tokens of an answer.
        case length
        /// Of an answer: prompt tokens that are computed, and the answer's.
        case flops
        case prefillFlops = "prefill_flops"
        /// What the prompts' cached tokens would cost.
        case cachedFlops = "cached_flops"
        case decodeFlops = "decode_flops"
        case perplexity
        /// Cross entropy of the rows' own answers.
        case loss
        case latency
        /// Tokens a second of one answer.
        case speed
        /// Tokens of a prompt, as a server counts them.
        case promptTokens = "prompt_tokens"
        /// Of an answer, by the prices that the recipe names.
        case price
        /// Answers a second to questions that are all there at once.
        case qps
    }
}

extension EvaluateSection.Metric {
    /// The tasks whose answers have the metric; `nil` where every task's have.
    private var tasks: [TaskKind]? {
        switch self {
        case .ar, .exact, .length, .flops, .prefillFlops, .cachedFlops, .decodeFlops, .perplexity, .loss, .latency, .speed,
            .promptTokens, .price, .qps:
            nil
        case .noCall, .argumentPrecision, .argumentRecall, .argumentF1, .domain, .intent, .slotF1, .frame: [.calls]
        case .accuracy, .macroF1: [.classify]
        case .fieldPrecision, .fieldRecall, .fieldF1: [.extract]
        case .normalized, .tokenF1, .rougeL, .strictMatch, .flexibleExtract: [.text]
        case .acc, .accNorm, .accBytes, .greedy: [.choice]
        case .auc, .mrr, .ndcg, .pairs: [.rank]
        }
    }

    static func known(to task: TaskKind) -> [Self] { allCases.filter { $0.tasks?.contains(task) ?? true } }

    /// The columns of a report where a recipe names none.
    static func standard(of task: TaskKind, _ reading: ReplyReading, _ method: AnswerMethod) -> [Self] {
        switch task {
        case .calls: [.ar, .exact, .flops]
        case .choice: method == .likelihood ? [.acc, .accNorm, .flops] : [.ar, .exact, .flops]
        case .rank: [.auc, .mrr, .ndcg, .flops]
        case .classify: [.accuracy, .macroF1, .flops]
        case .extract: [.fieldF1, .exact, .flops]
        case .text: reading == .number ? [.flexibleExtract, .strictMatch, .flops] : [.normalized, .rougeL, .flops]
        }
    }

    /// Whether it says how good answers are: the first such metric of a report decides which models are worth their size.
    package var isOfQuality: Bool {
        switch self {
        case .length, .flops, .prefillFlops, .cachedFlops, .decodeFlops, .perplexity, .loss, .latency, .speed, .promptTokens,
            .price, .qps:
            false
        default: true
        }
    }

    /// Whether calls are read as frames of domain, intent and slots for it.
    package var isOfFrames: Bool { [.domain, .intent, .slotF1, .frame].contains(self) }

    /// Whether the arguments of calls are counted for it.
    package var isOfArguments: Bool { [.argumentPrecision, .argumentRecall, .argumentF1].contains(self) }
}
