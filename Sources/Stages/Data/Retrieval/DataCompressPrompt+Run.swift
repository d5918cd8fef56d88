import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension DataCompressPrompt: RunnableStage {
    private static let sizes = File<JSON>("compression.json")
    private static let signatures = File<JSON>("signatures.json")
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets, .figures(sizes), .figures(signatures),
    ]

    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let brief = functions.mapValues(\.brief)
        let sets = try context.readSets()
        let compressed = sets.mapRows { row, _ in
            var row = row
            row.background.instructions = ""
            row.background.examples = []
            row.definitions = row.definitions?.map(\.brief)
            return row
        }
        var task = try context.readTaskDescription()
        let guidance = Guidance(task.instructions, examples: task.examples)
        (task.instructions, task.examples) = ("", [])
        let tokenizer = context.hasInput("tokenizer") ? try context.modelFolder("tokenizer").tokenizer() : nil
        let size = { (text: String) in
            TextSize(characters: text.unicodeScalars.count, tokens: tokenizer?.encodePlainText(text).count)
        }
        var report: [String: JSON] = [:]
        for ((set, rows), (_, after)) in zip(sets.sets, compressed.sets) {
            let parts = zip(
                try PromptParts(of: rows.map { $0.isPassage ? $0 : $0.guided(by: guidance) }, functions, size: size).json,
                try PromptParts(of: after, brief, size: size).json)
            report[set] = .object(
                Dictionary(
                    uniqueKeysWithValues: parts.map { before, after in
                        (before.key, ["before": before.value, "after": after.value])
                    }))
        }
        try context.write(compressed)
        try context.write(FunctionPool(brief.values), to: DataFiles.functions)
        try context.write(task)
        try context.write(.object(report), to: Self.sizes)
        try context.write(Self.lengths(of: Array(functions.values), size: size), to: Self.signatures)
    }

    /// What a function takes of a prompt in each form, on average: as signatures, and as the JSON that chat templates show.
    private static func lengths(of functions: [FunctionDefinition], size: (String) -> TextSize) -> JSON {
        func mean(_ text: (FunctionDefinition) -> String) -> JSON {
            var sum = size("")
            for function in functions { sum += size(text(function)) }
            return sum.json.mapMembers { .number(Double($1.integer ?? 0) / Double(max(1, functions.count))) }
        }
        let forms = SignatureForm.allCases.map { form in (form.rawValue, mean { FunctionSignature($0, as: form).text }) }
        return .object(Dictionary(forms + [("json", mean(\.shownText))], uniquingKeysWith: { $1 }))
    }
}

extension FunctionDefinition {
    /// The function with the first sentence of its description, and parameters without descriptions.
    var brief: FunctionDefinition {
        var brief = FunctionDefinition(name: name, summary: summary.firstSentence, parameters: Self.withoutWords(parameters))
        brief.written = written.map { WrittenTool(Self.brief($0.json)) }
        return brief
    }

    /// The tool of the chat completions interface, as its authors wrote it but for the words that go.
    private static func brief(_ tool: JSON) -> JSON {
        tool.mapMembers { key, value in
            guard key == "function" else { return value }
            return value.mapMembers { key, value in
                switch key {
                case "description": value.string.map { .string($0.firstSentence) } ?? value
                case "parameters": withoutWords(value)
                default: value
                }
            }
        }
    }

    /// A schema without texts for people. Names of properties are not keywords of the schema.
    private static func withoutWords(_ schema: JSON) -> JSON {
        schema.filterMembers { key, _ in !["description", "title", "examples", "$comment"].contains(key) }.mapMembers {
            key, value in
            switch key {
            case "properties", "$defs", "definitions": value.mapMembers { withoutWords($1) }
            case "items", "additionalProperties": withoutWords(value)
            default: value
            }
        }
    }
}

/// How long a text is.
struct TextSize {
    var characters = 0
    /// `nil` where there is no tokenizer to count them.
    var tokens: Int?

    static func += (sum: inout TextSize, size: TextSize) {
        sum.characters += size.characters
        if let tokens = size.tokens { sum.tokens = (sum.tokens ?? 0) + tokens }
    }

    var json: JSON {
        var members: [String: JSON] = ["characters": .count(characters)]
        members["tokens"] = tokens.map { .count($0) }
        return .object(members)
    }
}

/// How long each part of the prompts of a set is, the functions as the JSON that chat templates show.
struct PromptParts {
    private var sizes: [String: TextSize] = [:]
    private let nothing: TextSize

    init(of rows: [Row], _ functions: [String: FunctionDefinition], size: (String) -> TextSize) throws {
        nothing = size("")
        let definitions = functions.mapValues { size($0.shownText) }
        for row in rows {
            let background = row.background
            add("query", [size(row.query)])
            add("instructions", [size(background.instructions)])
            add("examples", background.examples.flatMap { [size($0.query), size($0.response)] })
            add("context", (background.context + background.steps).map { size($0.text) })
            add("knowledge", background.knowledge.map(size))
            let own = (row.definitions ?? []).map { ($0.name, size($0.shownText)) }
            let known = definitions.merging(own) { $1 }
            add("functions", row.functions.compactMap { known[$0] })
        }
    }

    private mutating func add(_ part: String, _ parts: [TextSize]) {
        for size in [nothing] + parts {
            sizes[part, default: nothing] += size
            sizes["all", default: nothing] += size
        }
    }

    /// Sorted by part.
    var json: [(key: String, value: JSON)] { sizes.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) } }
}
