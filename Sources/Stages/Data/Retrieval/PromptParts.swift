import CanonicalJSON
import Engine

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
        var members: [String: JSON] = ["characters": .integer(Int64(characters))]
        members["tokens"] = tokens.map { .integer(Int64($0)) }
        return .object(members)
    }
}

/// How long each part of the prompts of a set is, the functions as the JSON that chat templates show.
struct PromptParts {
    private var sizes: [String: TextSize] = [:]
    private let nothing: TextSize

    init(of rows: [Row], _ functions: [String: FunctionDefinition], size: (String) -> TextSize) throws {
        nothing = size("")
        let definitions = functions.mapValues { size($0.json.canonicalText) }
        for row in rows {
            let background = row.background
            add("query", [size(row.query)])
            add("instructions", [size(background.instructions)])
            add("examples", background.examples.flatMap { [size($0.query), size($0.response)] })
            add("context", background.context.map { size($0.content) })
            add("knowledge", background.knowledge.map(size))
            let own = (row.definitions ?? []).map { ($0.name, size($0.json.canonicalText)) }
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
