import ArgumentParser
import Planner

struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "graph", abstract: "Draw a recipe's stages.")

    @Argument(help: "The recipe.")
    var recipe: String

    @Option(help: "dot (Graphviz) or mermaid.")
    var format = GraphRendering.mermaid

    func run() throws {
        let graph = try RecipeFile(path: recipe).graph { try RecipeFile.hash(fileAt: $0) }
        Console.output(format.render(graph))
    }
}

extension GraphRendering: ExpressibleByArgument {}
