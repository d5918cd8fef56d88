import CanonicalJSON
import Foundation
import TestSupport
import Words

@testable import Engine
@testable import Kinds
@testable import Serving
@testable import Stages

/// One model and its data: as stages see them, in folders, and behind a server. Its weights are drawn at random.
final class StagesAndServer {
    let rows: [Row]
    let style: PromptStyle
    let convention: AnswerConvention
    private let model: InferenceModel
    private let folder = TemporaryFolder()
    private let served: ServedModels

    /// The training rows and the set `test` are the same.
    init(
        _ rows: [Row], _ description: TaskDescription, style: PromptStyle, signature: SignatureForm = .types,
        template: ToolTemplate? = nil
    ) throws {
        (self.rows, self.style) = (rows, style)
        let functions = description.kind == .calls ? ServedFixture.functions : [:]
        try folder.write(FunctionPool(functions.values).bytes, to: "inputs/data/functions.json")
        if description != .calls { try folder.write(description.bytes, to: "inputs/data/task.json") }
        let lines = rows.map(\.json.canonicalText).joined(separator: "\n")
        for set in ["train", "test"] { try folder.write(lines, to: "inputs/data/\(set).jsonl") }
        try Self.writeModel(to: folder, signature, template)

        let context = Self.context(in: folder)
        let task = try context.readTask()
        let files = context.modelFolder("model")
        let prompts = try files.prompts(task.markup(of: style), callsNatively: task.kind == .calls)
        convention = AnswerConvention(task, style: style, answerStyle: .call, prompts: prompts)
        model = try files.unpaddedInferenceModel()
        let identity = ServedModel.Identity(name: "tiny", commit: "c0ffee", lineage: [:], created: 1)
        let offered = ServedModel(
            identity, try files.inferenceModel(), convention: convention, withFunctions: nil, usualTokens: 64,
            callThreshold: nil, workers: WorkerPool(threads: 2), limits: EngineLimits())
        served = try ServedModels([offered])
    }

    convenience init(_ manner: AskedManner, rows count: Int) throws {
        try self.init(
            manner.rows(count), manner.description, style: manner.style, signature: manner.signature,
            template: manner.template)
    }

    /// More than 512 tokens: sums over vocabularies are made in parts of so many.
    private static func writeModel(to folder: TemporaryFolder, _ signature: SignatureForm, _ template: ToolTemplate?) throws {
        var random = TestRandom(seed: 2)
        let syllables = ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu"]
        let words = (0..<400).map { _ in (0..<3).map { _ in syllables[random.next(below: syllables.count)] }.joined() }
        let texts = (words + words).joined(separator: " ")
        let special = template?.specialTokens ?? SpecialToken.allCases.map(\.rawValue)
        let tokenizer = try TokenizerTrainer(vocabularySize: 700, specialTokens: special).train(on: [texts])
        let added = template?.addedTokens ?? []
        let configuration = try ModelConfiguration(
            vocabularySize: tokenizer.vocabularySize + added.count, hiddenSize: 32, layerCount: 2, headCount: 4,
            keyValueHeadCount: 2, intermediateSize: 64, maximumPositions: 4096)
        let place = folder.folder("inputs/model")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try ModelFolder(place).write(Model(initializing: configuration, seed: 7))
        guard let template else { return try tokenizer.write(to: place, format: .query, signature: signature) }
        var members = tokenizer.tokenizerJSON.object ?? [:]
        let more = added.enumerated().map { number, content -> JSON in
            ["id": .count(tokenizer.vocabularySize + number), "content": .string(content), "special": false]
        }
        members["added_tokens"] = .array((members["added_tokens"]?.array ?? []) + more)
        try folder.write(.object(members), to: "inputs/model/tokenizer.json")
        let settings: JSON = [
            "chat_template": .string(template.text), "eos_token": .string(special[0]), "bos_token": .string(special[1]),
            TokenizerSettings.signatureMember: .string(signature.rawValue),
        ]
        try folder.write(settings, to: "inputs/model/tokenizer_config.json")
        try folder.write(["eos_token_id": [0]] as JSON, to: "inputs/model/generation_config.json")
        _ = try ModelFolder(place).noteCallForm(nil)
    }

    private static func context(in folder: TemporaryFolder) -> StageContext {
        StageContext(
            inputs: folder.folder("inputs"), outputs: folder.folder("inputs/outputs"), threads: 2, reportProgress: { _ in })
    }

    // MARK: What stages do

    /// The prompts that training encodes, row by row.
    func trainedPrompts() throws -> [[Int32]] {
        let context = Self.context(in: folder)
        let examples = try context.examplesToLearn(context.responseRows(style), answer: .call)
        return examples.map { Array($0.tokens[..<$0.promptLength]) }
    }

    /// What an evaluation finds for each row of the set `test`.
    func answers(of stage: some RunnableStage) throws -> [Answer] {
        let context = Self.context(in: folder)
        try FileManager.default.createDirectory(at: context.outputs, withIntermediateDirectories: true)
        try stage.run(in: context)
        return try context.read(EvalGenerate.answers(to: "test"), from: "outputs")
    }

    /// ln p of each token behind those before it, as evaluations find it.
    func likelihoods(of tokens: [Int32], after prompt: [Int32]) throws -> [Double] {
        let questions = tokens.indices.map {
            LikelihoodQuestion(context: prompt + tokens[..<$0], continuation: [tokens[$0]])
        }
        return try LikelihoodReader(model, workers: WorkerPool(threads: 1)).likelihoods(of: questions).map(\.logProbability)
    }

    // MARK: What clients do

    func post(_ path: String, _ members: [String: JSON]) throws -> JSON {
        let response = try served.post(path, .object(members.merging(["model": "tiny"]) { $1 }))
        guard response.status == 200 else { throw LoopbackClient.Failure(description: response.text) }
        return response.json
    }

    /// Asks a row in a chat, with its functions where they are not just those of the model's data.
    func ask(_ row: Row, _ members: [String: JSON]) throws -> JSON {
        var all = members
        (all["messages"], all["return_token_ids"]) = (.array(row.messages), true)
        if !row.background.knowledge.isEmpty { all["knowledge"] = .array(row.background.knowledge.map(JSON.string)) }
        let functions = convention.task.functions
        if !row.functions.isEmpty, row.definitions != nil || row.functions != functions.keys.sorted() {
            all["tools"] = .array(try PromptStyle.definitions(of: row, functions).map(\.tool))
        }
        return try post("/v1/chat/completions", all)
    }
}

extension Row {
    /// The row as the chat completions interface has it.
    fileprivate var messages: [JSON] {
        let instructions = ChatMessage(role: .system, content: background.instructions)
        let system: [JSON] = instructions.content.isEmpty ? [] : [instructions.json]
        let examples: [JSON] = background.examples.flatMap { example -> [JSON] in
            [
                ["role": "system", "name": "example_user", "content": .string(example.query)],
                ["role": "system", "name": "example_assistant", "content": .string(example.response)],
            ]
        }
        let question = ChatMessage(role: .user, content: query)
        return system + examples + (background.context + [question] + background.steps).map(\.json)
    }
}
