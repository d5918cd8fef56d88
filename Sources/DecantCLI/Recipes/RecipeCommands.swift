import ArgumentParser
import CanonicalJSON
import Foundation
import Kinds
import Planner
import RecipeLanguage

struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "graph", abstract: "Draw a recipe's stages.")

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case dot
        case mermaid
        case json
        case svg
    }

    @OptionGroup var recipe: RecipeArgument

    @Option(help: "dot (Graphviz), mermaid, json, or svg (through Graphviz).")
    var format = Format.mermaid

    func run() throws {
        let graph = try recipe.read().graph { try RecipeFile.hash(fileAt: $0) }
        switch format {
        case .dot: Console.output(GraphRendering.dot.render(graph))
        case .mermaid: Console.output(GraphRendering.mermaid.render(graph))
        case .json: Console.output(json: graph.json, isPretty: true)
        case .svg: Console.output(try drawing(of: GraphRendering.dot.render(graph)))
        }
    }

    /// Graphviz's drawing of a graph in its own language.
    private func drawing(of text: String) throws -> String {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        guard let program = folders.map({ "\($0)/dot" }).first(where: FileManager.default.isExecutableFile) else {
            throw CommandFailure(
                status: ExitStatus.internalError, message: "svg is drawn by Graphviz, whose program 'dot' is not installed",
                hint: "graph \(recipe.path) --format mermaid")
        }
        let file = URL.temporaryDirectory.appending(path: "decant-graph-\(UUID().uuidString).dot")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-Tsvg", file.path]
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let drawing = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(
                status: ExitStatus.internalError, message: "Graphviz ended with status \(process.terminationStatus)")
        }
        return String(decoding: drawing, as: UTF8.self)
    }
}

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the recipe language as a JSON Schema (2020-12), for editors, or as tables.")

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case json
        case markdown
        case kinds
    }

    @Option(
        help: "json (the schema), markdown (the tables of docs/recipe-language.md) or kinds (those of docs/stage-kinds.md).")
    var format = Format.json

    func run() throws {
        switch format {
        case .json: Console.output(json: RecipeSchema.json, isPretty: true)
        case .markdown: Console.output(RecipeDocumentation.markdown)
        case .kinds: Console.output(KindCatalogue.standard.markdown)
        }
    }
}
