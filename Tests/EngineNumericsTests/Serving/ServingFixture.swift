import CanonicalJSON
import Synchronization

@testable import Engine

/// A small model over a trained tokenizer, requests of every kind, and what `Generator` answers to each of them alone.
struct ServingFixture {
    let tokenizer: Tokenizer
    let vocabulary: Vocabulary
    let model: InferenceModel
    private let calls: TokenConstraint
    private let generator: Generator

    /// - Parameter quantized: whether weights are integers of four bits.
    init(quantized: Bool = false) throws {
        let functions = [
            FunctionDefinition(
                name: "set_light", summary: "",
                parameters: [
                    "type": "object", "required": ["room"],
                    "properties": [
                        "room": ["type": "string", "enum": ["kitchen", "hall"]], "level": ["type": "integer"],
                    ],
                ]),
            FunctionDefinition(
                name: "set_scene", summary: "",
                parameters: ["type": "object", "required": ["title"], "properties": ["title": ["type": "string"]]]),
        ]
        let texts = [
            #"[{"name":"set_light","arguments":{"level":40,"room":"kitchen"}}]"#,
            #"[{"name":"set_scene","arguments":{"title":"evening in the hall"}}]"#,
        ]
        tokenizer = try TokenizerTrainer(vocabularySize: 330).train(on: Array(repeating: texts, count: 4).flatMap { $0 })
        vocabulary = Vocabulary(tokenizer)
        calls = TokenConstraint(.calls(of: functions), vocabulary: vocabulary)
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize, hiddenSize: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
            intermediateSize: 48, maximumPositions: 160)
        var model = Model(zeros: configuration)
        for (index, parameter) in model.parameters.enumerated() {
            let noise = randomFloats(parameter.count, seed: UInt64(300 + index), scale: 0.3)
            try model.setWeights(parameter.role == .norm ? noise.map { 1 + $0 } : noise, of: parameter)
        }
        var packed: [String: any WeightPanels] = [:]
        for parameter in model.parameters where quantized && parameter.role == .hiddenMatrix {
            packed[parameter.name] = try IntegerQuantization(bits: 4, groupSize: 16).quantize(
                Array(model.weights(of: parameter)), rows: parameter.shape[0], columns: parameter.shape[1]
            ).panels()
        }
        self.model = try InferenceModel(model, packed: packed)
        generator = Generator(self.model, workers: .caller, places: 1)
    }

    /// The same with another model.
    init(_ other: ServingFixture, model: InferenceModel) {
        (tokenizer, vocabulary, calls, self.model) = (other.tokenizer, other.vocabulary, other.calls, model)
        generator = Generator(model, workers: .caller, places: 1)
    }

    /// Tokens without a pattern.
    func tokens(_ count: Int, seed: Int) -> [Int32] {
        let random = Philox(seed: UInt64(seed), purpose: .shuffling)
        return (0..<count).map { Int32(random.words(UInt32($0))[0] % UInt32(tokenizer.vocabularySize)) }
    }

    /// Greedy and drawn, free and constrained, with stop texts, stop tokens and log-probabilities; most prompts begin like others.
    func requests(_ count: Int) -> [AnswerRequest] {
        let random = Philox(seed: 77, purpose: .shuffling)
        let heads = [tokens(37, seed: 1), tokens(48, seed: 2), tokens(5, seed: 3), []]
        return (0..<count).map { number in
            let words = random.words(UInt32(number))
            let prompt = heads[Int(words[0] % 4)] + tokens(1 + Int(words[1] % 23), seed: 100 + number % 9)
            var options = GenerationOptions(maximumTokens: 4 + Int(words[2] % 44), stopTokens: [9, 300], seed: UInt64(number))
            var top = 0
            if number % 2 == 1 { (options.temperature, options.topK, options.topP) = (0.9, 40, 0.95) }
            if number % 3 == 1 { options.constraint = calls }
            if number % 5 < 2 {
                options.recordsLogProbabilities = true
                top = number % 4
            }
            if number % 7 < 3 { options.stopSequences = StopSequences(["ar", "et_l", "\u{1}"], in: vocabulary) }
            return AnswerRequest(
                prompt: GenerationPrompt(prompt), options: options, item: number % 3, topLogProbabilities: top)
        }
    }

    /// The request alone: one place, one thread, each token by its own logits.
    func alone(_ request: AnswerRequest) throws -> GeneratedSequence {
        var options = request.options
        options.samples = request.item + 1
        return try generator.generate([request.prompt], options: options)[request.item]
    }

    /// What an engine tells of requests that come in this order, and what it did.
    func serve(
        _ requests: [AnswerRequest], order: [Int]? = nil, threads: Int = 2, limits: EngineLimits = EngineLimits(waiting: 5000)
    ) throws -> (log: AnswerLog, figures: EngineFigures) {
        let engine = AnswerEngine(model, workers: WorkerPool(threads: threads), limits: limits)
        let log = AnswerLog()
        for number in order ?? Array(requests.indices) {
            _ = try engine.submit(requests[number], onEvent: log.listener(number))
        }
        engine.drain()
        engine.close()
        return (log, engine.figures)
    }
}

/// What an engine told of each request.
final class AnswerLog: Sendable {
    struct Record {
        var cachedTokens: Int?
        var tokens: [ServedToken] = []
        var ended: GeneratedSequence?
        var failure: String?
    }

    private let records = Mutex<[Int: Record]>([:])
    private let change = ConditionVariable()

    subscript(number: Int) -> Record { records.withLock { $0[number] ?? Record() } }

    func listener(_ number: Int) -> @Sendable (AnswerEvent) -> Void {
        { event in self.note(event, of: number) }
    }

    func note(_ event: AnswerEvent, of number: Int) {
        records.withLock { records in
            var record = records[number] ?? Record()
            switch event {
            case .started(let cached): record.cachedTokens = cached
            case .tokens(let tokens): record.tokens += tokens
            case .ended(let answer): record.ended = answer
            case .failed(let reason): record.failure = reason
            }
            records[number] = record
        }
        change.wakeAll()
    }

    func wait(until isThere: (AnswerLog) -> Bool) { change.wait { !isThere(self) } }
}

/// Holds a thread up until it is opened.
final class Gate: Sendable {
    private let isOpen = Atomic(false)
    private let change = ConditionVariable()

    func open() {
        isOpen.store(true, ordering: .sequentiallyConsistent)
        change.wakeAll()
    }

    func pass() { change.wait { !isOpen.load(ordering: .sequentiallyConsistent) } }
}
