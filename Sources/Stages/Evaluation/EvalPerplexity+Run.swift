import CanonicalJSON
import Engine
import Foundation
import Planner

extension EvalPerplexity: RunnableStage {
    package func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        // As the `transformers` library encodes a text: after the token that begins every text, where there is one.
        let text = try folder.tokenizer().encodeWithFrame(text(in: context)).map(Int32.init)
        let tokens = Array(text.prefix(self.tokens ?? text.count))
        let windows = try PerplexityWindows(count: tokens.count, context: self.context, stride: stride)
        let perplexity = try context.inferenceModel("model").perplexity(
            of: tokens, in: windows, workers: context.workers,
            checkpoint: context.resultCheckpoint(of: windows.ranges.count, unit: "window"))
        try context.write(
            [
                "perplexity": .number(perplexity.value), "loss": .number(perplexity.loss),
                "counted_tokens": .integer(Int64(perplexity.countedTokens)), "text_tokens": .integer(Int64(tokens.count)),
                "windows": .integer(Int64(windows.ranges.count)), "context": .integer(Int64(self.context)),
                "stride": .integer(Int64(stride)),
            ],
            to: "perplexity.json")
    }

    private func text(in context: StageContext) throws -> String {
        let files = try FileManager.default.subpathsOfDirectory(atPath: context.input("text").path).sorted().filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: context.input("text", $0).path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }
        guard files.count == 1, let file = files.first else {
            throw StageFailure("the text must be one file, not \(files.count): \(files.prefix(8).joined(separator: ", "))")
        }
        let bytes = try Data(contentsOf: context.input("text", file))
        guard let text = String(validating: bytes, as: UTF8.self) else { throw StageFailure("text/\(file) is not UTF-8") }
        return text
    }
}
