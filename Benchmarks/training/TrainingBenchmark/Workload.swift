import Engine

/// A model's shape and the rows that it is trained on; `pytorch_training.py` has the same.
struct Workload {
    let configuration: ModelConfiguration
    let examples: [TrainingExample]
    let batch: Int

    /// `nil` where there is no workload of that name.
    init?(named name: String) throws {
        switch name {
        case "quickstart":
            // 36 tokens a row on average, of which 20 are the response.
            let shape = try ModelConfiguration(
                vocabularySize: 512, hiddenSize: 160, layerCount: 4, headCount: 4, keyValueHeadCount: 2, intermediateSize: 320)
            self.init(shape, rows: 640, batch: 32, length: { 30 + $0 % 13 }, response: { _ in 20 })
        case "6.8M":
            let shape = try ModelConfiguration(
                vocabularySize: 4096, hiddenSize: 256, layerCount: 6, headCount: 8, keyValueHeadCount: 2, intermediateSize: 1024
            )
            self.init(shape, rows: 64, batch: 16, length: { _ in 128 }, response: { $0 - 1 })
        case "smollm2":
            let shape = try ModelConfiguration(
                vocabularySize: 49152, hiddenSize: 576, layerCount: 30, headCount: 9, keyValueHeadCount: 3,
                intermediateSize: 1536, family: .llama)
            self.init(shape, rows: 16, batch: 4, length: { _ in 256 }, response: { $0 - 1 })
        case "long":
            let shape = try ModelConfiguration(
                vocabularySize: 4096, hiddenSize: 576, layerCount: 6, headCount: 9, keyValueHeadCount: 3,
                intermediateSize: 1536, family: .llama)
            self.init(shape, rows: 4, batch: 1, length: { _ in 2048 }, response: { $0 - 1 })
        case "shared":
            // The prompts of a function-calling model: a long list of functions, then a question.
            let shape = try ModelConfiguration(
                vocabularySize: 4096, hiddenSize: 576, layerCount: 6, headCount: 9, keyValueHeadCount: 3,
                intermediateSize: 1536, family: .llama)
            self.init(shape, rows: 32, batch: 16, length: { _ in 1800 }, response: { _ in 20 }, shared: 1670)
        default: return nil
        }
    }

    /// - Parameter shared: the first tokens of a row that are those of all rows of a batch.
    private init(
        _ configuration: ModelConfiguration, rows: Int, batch: Int, length: (Int) -> Int, response: (Int) -> Int,
        shared: Int = 0
    ) {
        self.configuration = configuration
        self.batch = batch
        examples = (0..<rows).map { row in
            let count = length(row)
            let tokens = (0..<count).map { place in
                let number = place < shared ? row / batch : row
                return Int32((number * 31 + place * place * 17 + place * 7) % configuration.vocabularySize)
            }
            return TrainingExample(tokens: tokens, promptLength: count - response(count))
        }
    }

    /// Floating-point operations of a step's products with weights, forward and backward: six per weight and row. The head
    /// runs on the response's rows alone.
    var operationsPerStep: Double {
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        let head = configuration.vocabularySize * hidden
        let keyValueSize = configuration.keyValueHeadCount * configuration.headDimension
        let layers = configuration.layerCount * hidden * (2 * hidden + 2 * keyValueSize + 3 * intermediate)
        let steps = Double(examples.count) / Double(batch)
        let tokens = Double(examples.reduce(0) { $0 + $1.tokens.count }) / steps
        let responses = Double(examples.reduce(0) { $0 + $1.responseLength }) / steps
        return 6 * (Double(layers) * tokens + Double(head) * responses)
    }
}
