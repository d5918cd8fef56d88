import ArgumentParser
import CanonicalJSON
import Diagnostics
import Programs

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a recipe, its functions, its templates and the first rows of its files; report every problem at once.")

    @OptionGroup var recipe: RecipeArgument

    @OptionGroup var output: OutputOptions

    func run() throws {
        let file = try recipe.read()
        let sizes = ModelSizes(recipe: file.recipe, memory: Machine.current.memory).warnings
        let (graph, data) = try file.planned(digest: { try RecipeFile.hash(fileAt: $0) }) { graph in
            sizes + StageLimitations(of: graph, among: graph.ids).diagnostics(in: file.recipe)
        }
        for note in data.notes { Console.progress(note) }
        let warnings = data.findings.count + sizes.count
        output.print(
            [
                "recipe": .string(file.name), "stages": .count(graph.stages.count), "problems": 0,
                "warnings": .count(warnings), "unread": .array(data.unread.keys.sorted().map(JSON.string)),
            ],
            "\(recipe.path): no problems, "
                + (warnings == 0 ? "" : warnings == 1 ? "1 warning, " : "\(warnings) warnings, ")
                + "\(graph.stages.count) stages")
    }
}
