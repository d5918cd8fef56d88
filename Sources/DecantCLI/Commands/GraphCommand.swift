import ArgumentParser
import Planner

struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "graph", abstract: "Draw a recipe's stages.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case dot, mermaid
    }

    @Argument(help: "The recipe.")
    var recipe: String

    @Option(help: "dot (Graphviz) or mermaid.")
    var format = Format.mermaid

    func run() throws {
        let graph = try RecipeFile(path: recipe).graph { try RecipeFile.hashFile(at: $0) }
        switch format {
        case .dot: Console.output(GraphRendering.dot(graph))
        case .mermaid: Console.output(GraphRendering.mermaid(graph))
        }
    }
}
