import Engine
import Kinds
import Words

extension DataInstruct: RunnableStage {
    package static let artifact: [Output] = [.file(DataFiles.functions), .file(DataFiles.task), .sets]

    package func run(in context: StageContext) throws {
        var task = try context.readTaskDescription()
        task.instructions = [task.instructions, instructions].filter { !$0.isEmpty }.joined(separator: "\n\n")
        let spelled: (String) -> String = task.kind == .calls ? { Self.spelled($0) } : { $0 }
        if reasoning != .worked { task.reasoning = reasoning }
        task.examples += examples.map { RowBackground.Example(query: $0.query, response: spelled($0.response)) }
        try context.write(task, to: DataFiles.task)
        try context.copy(DataFiles.functions.name, from: "data")
        for set in try DataFiles.sets(in: context.input("data")) {
            try context.copy(DataFiles.set(set).name, from: "data")
        }
    }

    /// Calls as training spells them; what is none stays as it is.
    private static func spelled(_ response: String) -> String {
        (try? CallParser.calls(in: response).get()).map { PromptStyle.response(of: $0) } ?? response
    }
}
