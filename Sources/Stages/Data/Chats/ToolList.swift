import CanonicalJSON
import Engine
import Foundation

/// The functions that a chat may call, wherever its record states them.
enum ToolList {
    /// Those of the members `tools` and `functions`, equal ones once.
    static func functions(of record: JSON) throws(RowError) -> [FunctionDefinition] {
        var functions: [FunctionDefinition] = []
        for member in ["tools", "functions"] {
            guard let stated = record.stated(member) else { continue }
            functions += try Self.functions(stated, in: "the record's '\(member)'").filter { !functions.contains($0) }
        }
        return functions
    }

    /// A list of tools, one tool, or the JSON text of either; an empty text has none.
    static func functions(_ stated: JSON, in place: String) throws(RowError) -> [FunctionDefinition] {
        var list = stated
        if let text = stated.string {
            if text.trimmed.isEmpty { return [] }
            guard let value = SpelledJSON.value(in: text) ?? SpelledJSON.values(in: text).map(JSON.array) else {
                throw RowError("\(place) is a text that is not JSON")
            }
            list = value
        }
        if list == .null { return [] }
        guard let tools = list.array ?? (list.object == nil ? nil : [list]) else {
            throw RowError("\(place) is no list of functions")
        }
        var functions: [FunctionDefinition] = []
        for tool in tools {
            let function = try FunctionDefinition(tool: tool.string.flatMap { SpelledJSON.value(in: $0) } ?? tool)
            if !functions.contains(function) { functions.append(function) }
        }
        return functions
    }

    /// Takes the functions out of a system's message: those beside its words, between `<tools>` marks, or behind the words with
    /// which glaive lists them. What tells a model how its calls are marked goes with them, because prompts list functions in
    /// their own way.
    static func functions(inSystem turn: inout SaidTurn) throws(RowError) -> [FunctionDefinition] {
        var functions =
            try turn.tools.map { tools throws(RowError) in try Self.functions(tools, in: "a system's 'tools'") } ?? []
        if let listing = marked(in: turn.words) ?? announced(in: turn.words) {
            functions += try Self.functions(.array(listing.tools), in: "a system's words").filter { !functions.contains($0) }
            turn.words = listing.rest
        }
        return functions
    }

    /// Tools in a text, and the text without what is about them.
    private typealias Listing = (tools: [JSON], rest: String)

    /// `… <tools> [{…}] </tools> … <tool_call> … </tool_call>`: from the heading, or the sentence that first mentions the marks,
    /// to the last line that does go.
    private static func marked(in words: String) -> Listing? {
        var tools: [JSON] = []
        var search = words.startIndex
        while let start = words.range(of: "<tools>", range: search..<words.endIndex),
            let end = words.range(of: "</tools>", range: start.upperBound..<words.endIndex)
        {
            let values = SpelledJSON.values(in: String(words[start.upperBound..<end.lowerBound])) ?? []
            tools += values.flatMap { $0.array ?? [$0] }
            search = end.upperBound
        }
        guard !tools.isEmpty, let first = words.range(of: "<tools>") else { return nil }
        let heading = words.range(of: "# Tools", options: .backwards, range: words.startIndex..<first.lowerBound)
        let start = heading?.lowerBound ?? sentence(in: words, around: first.lowerBound)
        let marks = ["</tools>", "</tool_call>", "<tool_call>"]
        let last = marks.compactMap { words.range(of: $0, options: .backwards)?.upperBound }.max() ?? first.upperBound
        let end = words[last...].firstIndex(of: "\n") ?? words.endIndex
        return (tools, joined(words[..<start], words[end...]))
    }

    /// `You are a helpful assistant with access to the following functions. Use them if required - {…} {…}`
    private static func announced(in words: String) -> Listing? {
        guard let phrase = words.range(of: "following functions", options: .caseInsensitive),
            let start = words[phrase.upperBound...].firstIndex(where: { $0 == "{" || $0 == "[" })
        else { return nil }
        let (values, rest) = SpelledJSON.leadingValues(of: String(words[start...]))
        let tools = values.flatMap { $0.array ?? [$0] }
        guard !tools.isEmpty, tools.allSatisfy({ $0["name"] != nil || $0["function"] != nil }) else { return nil }
        return (tools, joined(words[..<sentence(in: words, around: phrase.lowerBound)], rest[...]))
    }

    /// Where the sentence, or the line, around a place begins.
    private static func sentence(in words: String, around place: String.Index) -> String.Index {
        let before = words[..<place]
        let ends = [". ", "! ", "? ", "\n"].compactMap { before.range(of: $0, options: .backwards)?.upperBound }
        return ends.max() ?? words.startIndex
    }

    private static func joined(_ parts: Substring...) -> String {
        parts.map { String($0).trimmed }.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
}
