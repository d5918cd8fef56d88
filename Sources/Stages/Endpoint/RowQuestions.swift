import BuildModel
import CanonicalJSON
import Engine
import Kinds
import Words

/// What a model behind a server is asked about rows: their whole prompts, with the functions as tools.
struct RowQuestions {
    private let task: any AnswerTask
    private let model: String
    private let maxTokens: Int
    /// Most rows list the same functions.
    private var tools: [Set<String>: ChatTools] = [:]

    /// Reads the input `data`.
    init(of model: String, maxTokens: Int, in context: StageContext) throws {
        task = try context.readTask()
        (self.model, self.maxTokens) = (model, maxTokens)
    }

    /// - Throws: an error with the row's id where the row is a passage, which asks nothing.
    mutating func question(about row: Row, temperature: Double, seed: Int) throws -> ChatQuestion {
        try row.checkThatItAsks()
        return ChatQuestion(
            model: model, messages: .array(task.shown(row, in: .tools).chat.map(\.json)), tools: try tools(of: row),
            temperature: temperature, maxTokens: maxTokens, seed: seed)
    }

    private mutating func tools(of row: Row) throws -> ChatTools {
        guard row.definitions == nil else { return try Self.tools(of: row, task.functions) }
        let names = Set(row.functions)
        if let known = tools[names] { return known }
        let new = try Self.tools(of: row, task.functions)
        tools[names] = new
        return new
    }

    /// The functions that the row lists, all of them where it lists none, sorted by name: prompts then share long beginnings,
    /// which servers with a prompt cache answer faster and cheaper.
    private static func tools(of row: Row, _ functions: [String: FunctionDefinition]) throws(RowError) -> ChatTools {
        let listsAll = row.functions.isEmpty && row.definitions == nil
        let listed = listsAll ? Array(functions.values) : try PromptStyle.definitions(of: row, functions)
        return ChatTools(listed.sorted { $0.name < $1.name }.map(\.chatTool))
    }
}
