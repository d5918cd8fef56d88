import CanonicalJSON
import Engine
import Foundation
import Kinds

extension DataCompressPrompt: RunnableStage {
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
        let tokenizer = context.hasInput("tokenizer") ? try context.modelFolder("tokenizer").tokenizer() : nil
        let size = { (text: String) in
            TextSize(characters: text.unicodeScalars.count, tokens: tokenizer?.encodePlainText(text).count)
        }
        var report: [String: JSON] = [:]
        for ((set, rows), (_, after)) in zip(sets.sets, compressed.sets) {
            let parts = zip(
                try PromptParts(of: rows, functions, size: size).json, try PromptParts(of: after, brief, size: size).json)
            report[set] = .object(
                Dictionary(
                    uniqueKeysWithValues: parts.map { before, after in
                        (before.key, ["before": before.value, "after": after.value])
                    }))
        }
        try context.write(compressed)
        try context.write(functions: Array(brief.values))
        try context.write(.object(report), to: "compression.json")
    }
}
