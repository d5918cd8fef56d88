import Diagnostics
import SpannedYAML

/// How a model learns: steps one after the other.
public struct Transfer: Sendable {
    public enum Step: Sendable {
        /// Cross entropy on the rows' own answers.
        case sft(Training)
        /// Cross entropy on the teacher's answers that the judge accepted.
        case rft(Training)
        /// The teacher's logits.
        case kd(Distillation)
    }

    /// Methods by the names of the notation.
    enum Method: String, CaseIterable, Sendable {
        case sft = "SFT"
        case rft = "RFT"
        case kd = "KD"
        case onPolicy = "oKD"
        case reinforcement = "RL"
        case preference = "DPO"
    }

    /// At least one.
    public let steps: [Step]
    /// As it is written, for names and reports.
    public let notation: Spanned<String>

    /// Reads a field in the transfer notation.
    ///
    /// - Parameters:
    ///   - steps: training steps of each step that names none.
    ///   - methods: those that are available here.
    init(reading name: String, in fields: Fields, default standard: Method, steps: Int, methods: [Method]) {
        let written = fields.text(name, default: standard.rawValue)
        let node = written.isWritten ? fields.node(name) : nil
        let reader = TransferReader(field: written, node: node, fields: fields, steps: steps, methods: methods)
        notation = written
        self.steps = reader.read() ?? [reader.step(standard, options: reader.fields(for: standard, options: []), terms: [])]
    }
}

/// How a training stage walks down its loss.
public struct Training: Sendable {
    public enum Optimizer: String, CaseIterable, Sendable {
        case adamw
        case muon
    }

    public let steps: Spanned<Int>
    /// Rows per step.
    public let batch: Spanned<Int>
    /// The peak.
    public let learningRate: Spanned<Double>
    public let optimizer: Spanned<Optimizer>
    /// Share of the steps.
    public let warmup: Spanned<Double>
    public let weightDecay: Spanned<Double>

    static let options = ["steps", "batch", "learning_rate", "optimizer", "warmup", "weight_decay"]

    init(reading options: Fields, steps standard: Int) {
        steps = options.integer("steps", default: standard, in: 1...10_000_000)
        batch = options.integer("batch", default: Defaults.batch, in: 1...4096)
        optimizer = options.choice("optimizer", default: Defaults.optimizer)
        learningRate = options.number(
            "learning_rate", default: Defaults.learningRate(of: optimizer.value), in: 1e-8...1)
        warmup = options.share("warmup", default: Defaults.warmup)
        weightDecay = options.number("weight_decay", default: Defaults.weightDecay, in: 0...1)
    }
}

/// Knowledge distillation from captured logits.
public struct Distillation: Sendable {
    public enum Loss: String, CaseIterable, Sendable {
        case forwardKL = "FKL"
        case crossEntropy = "CE"
    }

    public struct Term: Hashable, Sendable {
        public let loss: Loss
        public let weight: Double
    }

    /// Forward KL before cross entropy, each once at most: a mixture is the same in either order.
    public let loss: Spanned<[Term]>
    public let temperature: Spanned<Double>
    /// Logits kept per position.
    public let topK: Spanned<Int>
    public let training: Training

    static let options = Training.options + ["temperature", "top_k"]
    /// Losses and options that belong to the language.
    static let laterLosses = ["RKL", "JSD", "AKL"]
    static let laterOptions = ["prompt", "tail"]

    init(reading options: Fields, loss: Spanned<[Term]>, steps: Int) {
        self.loss = loss
        temperature = options.number("temperature", default: Defaults.temperature, in: 0.1...20)
        topK = options.integer("top_k", default: Defaults.topK, in: 1...1024)
        training = Training(reading: options, steps: steps)
    }
}
