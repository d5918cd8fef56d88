import ArgumentParser
import CanonicalJSON

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a recipe; report every problem at once.")

    @Argument(help: "The recipe.")
    var recipe: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let file = try RecipeFile(path: recipe)
        let graph = try file.graph { try RecipeFile.hash(fileAt: $0) }
        if output.asJSON {
            Console.output(
                JSON.object(["recipe": .string(file.name), "stages": .integer(Int64(graph.stages.count)), "problems": 0])
                    .canonicalText)
        } else {
            Console.output("\(recipe): no problems, \(graph.stages.count) stages")
        }
    }
}
