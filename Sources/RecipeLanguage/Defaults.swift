/// Every number that a recipe may leave out, in one place. `docs` and the JSON Schema quote them from here.
enum Defaults {
    // data
    static let rows = 6000
    static let dataSeed = 7
    static let heldOutTemplates = 0.15
    static let heldOutValues = 0.05
    static let testShare = 0.10
    static let validShare = 0.02
    static let splitSeed = 7
    /// 0 lists all functions with each row.
    static let candidates = 0

    // tokenizer and models
    static let vocabulary = 512
    static let teacher = ModelSection.Defaults(hidden: 160, layers: 4, heads: 4, kvHeads: 2, intermediate: 320, seed: 1)
    static let student = ModelSection.Defaults(hidden: 128, layers: 4, heads: 4, kvHeads: 2, intermediate: 256, seed: 2)

    // training
    static let teacherSteps = 600
    static let studentSteps = 500
    static let recoverySteps = 150
    static let batch = 32
    /// Muon reaches a given loss in a third of AdamW's steps at this scale.
    static let optimizer = Training.Optimizer.muon
    static let warmup = 0.05
    static let weightDecay = 0.01
    static let temperature = 1.0
    /// Logits kept per position.
    static let topK = 16
    static let loss = [Distillation.Term(loss: .forwardKL, weight: 1)]

    static func learningRate(of optimizer: Training.Optimizer) -> Double {
        switch optimizer {
        case .muon: 4e-3
        case .adamw: 3e-3
        }
    }

    // rollouts and their judge
    static let samples = 1
    static let samplingTemperature = 0.7
    static let maxTokens = 64
    static let samplingSeed = 7
    static let keep = 1

    // compression
    static let pruneRatio = 0.20
    static let pruneSamples = 256
    static let groupSize = 128
    static let ignoredModules = ["lm_head"]
}
