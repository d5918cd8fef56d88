import Engine
import Foundation
import Kinds
import Words

/// The texts of a model's domain, as tokens: the prompts and answers of rows, and the functions that prompts may list; else the
/// texts of an input.
struct DomainTexts {
    let kind: PruneVocabulary
    let context: StageContext

    init(of kind: PruneVocabulary, in context: StageContext) { (self.kind, self.context) = (kind, context) }

    /// Each text in the tokens of a model's folder; the same texts in the same order for every folder.
    func sequences(by folder: ModelFolder) throws -> [[Int32]] {
        if context.hasInput("data") {
            return try context.numberedInputs("data").flatMap { try sequences(of: $0, by: folder) }
        }
        guard context.hasInput("text") else {
            throw StageFailure("there are no texts of the domain: name the input 'data' or 'text'")
        }
        let tokenizer = try folder.tokenizer()
        var encoded: [[Int32]] = []
        try context.forEachText(of: "text") { text in
            encoded.append(tokenizer.encodeWithFrame(text).map { Int32($0) })
            return true
        }
        return encoded
    }

    /// How many tokens the rows of a set have, those that say what is right with their answer; none where there is no such set.
    func lengths(of set: String, by folder: ModelFolder) throws -> [Int] {
        guard context.hasInput("data"), has(set, in: "data") else { return [] }
        let reader = try context.responseRows(by: folder, kind.prompt, .call, of: "data")
        return try context.read(DataFiles.set(set), from: "data").map { row in
            // A model's own form need not have every call, and nobody learns this answer.
            if let whole = try? tokens(of: row, as: .call, by: reader) { return whole.count }
            return try reader.prompt(of: row).count
        }
    }

    private func sequences(of data: String, by folder: ModelFolder) throws -> [[Int32]] {
        // Other data need not have the set.
        guard data == "data" || has(kind.set, in: data) else { return [] }
        let rows = try context.read(DataFiles.set(kind.set), from: data)
        let styles: [AnswerStyle] = kind.answer == .reasoning ? [.call, .reasoning] : [.call]
        return try styles.flatMap { style -> [[Int32]] in
            let reader = try context.responseRows(by: folder, kind.prompt, style, of: data)
            return try rows.map { try tokens(of: $0, as: style, by: reader) } + functions(of: data, by: reader)
        }
    }

    /// A row's prompt with its answer, where there is one in this style.
    private func tokens(of row: Row, as style: AnswerStyle, by reader: ResponseRows) throws -> [Int32] {
        let isAnswered = !row.isUnlabelled && (style == .call || reader.task.reasoned(row) != nil)
        return row.isPassage || isAnswered
            ? try reader.example(of: row, format: style).tokens : try reader.prompt(of: row)
    }

    /// A prompt for each function that a prompt may list, whether a row does or not. Functions that came with a set of another
    /// name are not of the domain.
    private func functions(of data: String, by reader: ResponseRows) throws -> [[Int32]] {
        guard data == "data", kind.prompt == .tools, reader.task.kind == .calls else { return [] }
        let foreign = try context.readSets().functionsOfNamedSets
        return try reader.task.functions.keys.filter { !foreign.contains($0) }.sorted().map { name in
            try reader.prompt(of: Row(id: name, query: "", functions: [name], answers: []))
        }
    }

    private func has(_ set: String, in data: String) -> Bool {
        FileManager.default.fileExists(atPath: context.input(data, DataFiles.set(set).name).path)
    }
}
