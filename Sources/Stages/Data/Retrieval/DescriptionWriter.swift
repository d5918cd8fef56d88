import CanonicalJSON
import Engine
import Kinds
import Words

/// A model that is asked for descriptions of functions. The question is a row of the task `text`, so that training on such rows
/// shows the model the same prompt.
struct DescriptionWriter {
    static let task = TaskDescription(.text)
    private static let standardPrompt = """
        Describe in one or two sentences what people want who need this function. Name the words that they would use. Write \
        nothing else.

        {function}
        """

    private let rows: ResponseRows
    private let generator: Generator

    /// Of the input `model`.
    init(in context: StageContext) throws {
        let task = try Self.task.task(functions: [:])
        let prompts = try context.modelFolder("model").prompts(task.markup(of: .query), callsNatively: false)
        rows = ResponseRows(prompts: prompts, task: task, style: .query)
        generator = try Generator(context.unpaddedInferenceModel("model"), workers: context.workers)
    }

    /// The question about a function.
    static func question(about function: FunctionDefinition, _ prompt: String) -> Row {
        let text = prompt.isEmpty ? standardPrompt : prompt
        return Row(
            id: function.name, query: text.replacing("{function}", with: function.definitionText, maxReplacements: 1),
            answers: [])
    }

    /// Texts about each function, in order; one that did not end is left out, as is an empty one.
    func texts(
        about functions: [FunctionDefinition], _ prompt: String, samples: Int = 1, temperature: Double = 0, maxTokens: Int,
        seed: Int = 0, checkpoint: ResultCheckpoint<GeneratedSequence>
    ) throws -> [[String]] {
        let questions = functions.map { Self.question(about: $0, prompt) }
        let prompts = try rows.prompts(of: questions, constrained: false)
        let options = GenerationOptions(
            maximumTokens: maxTokens, stopTokens: Set(rows.prompts.endTokens), temperature: temperature, samples: samples,
            seed: UInt64(bitPattern: Int64(seed)))
        let answers = try generator.generate(prompts, options: options, checkpoint: checkpoint)
        return functions.indices.map { index in
            answers[index * samples..<(index + 1) * samples].filter(\.isFinished)
                .map { $0.text(with: rows.prompts.tokenizer).trimmed }.filter { !$0.isEmpty }
        }
    }
}

extension DataDescribe: RunnableStage {
    /// Texts by function.
    static let descriptions = File<JSON>("descriptions.json")
    package static let artifact: [Output] = [.file(descriptions)]

    package func run(in context: StageContext) throws {
        let functions = try context.describedFunctions()
        let texts = try DescriptionWriter(in: context).texts(
            about: functions, prompt, maxTokens: maxTokens,
            checkpoint: context.resultCheckpoint(of: functions.count, unit: "function"))
        let written = zip(functions, texts).compactMap { function, texts in texts.first.map { (function.name, JSON.string($0)) }
        }
        if written.count < functions.count {
            context.log("\(functions.count - written.count) of \(functions.count) functions keep their own description")
        }
        try context.write(.object(Dictionary(uniqueKeysWithValues: written)), to: Self.descriptions)
    }
}

extension StageContext {
    /// The functions of the input `data` that retrieval ranks, by name.
    func describedFunctions() throws -> [FunctionDefinition] {
        let elsewhere = try readSets().functionsOfNamedSets
        return try readFunctions("data").values.filter { !elsewhere.contains($0.name) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Texts that stand in for functions' own descriptions; none without the input `descriptions`.
    func readDescriptions() throws -> [String: String] {
        guard hasInput("descriptions") else { return [:] }
        return (try read(DataDescribe.descriptions, from: "descriptions").object ?? [:]).compactMapValues(\.string)
    }
}
